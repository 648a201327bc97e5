"""Weight files of PyTorch 0.1.7 to 1.5 (and later on request): pickles in a row, then the raw numbers.

The order: magic number, version, the machine's properties, the content (tensors as views of storages named by a key),
the list of keys, and for each key a count and the numbers.
"""

from typing import BinaryIO

import torch

from wsss_core.checkpoints.raw_values import EIGHT_BYTES, TruncatedError, bytes_left, read_numbers, read_tensor
from wsss_core.checkpoints.tensor_pickle import TensorUnpickler, load_plain

PICKLE_START = b"\x80"
MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


def read_legacy_file(file: BinaryIO) -> object:
    """The content of an open file, its tensors on the CPU.

    Raises `UnsafePickleError` for anything but tensors and plain values, others of `tensor_pickle.ERRORS` for a
    damaged file.
    """
    if load_plain(file) != MAGIC:
        raise ValueError("a pickle that PyTorch did not write")
    if (version := load_plain(file)) != VERSION:
        raise ValueError(f"version {version} of PyTorch's format, not {VERSION}")
    machine = load_plain(file)
    if not isinstance(machine, dict) or not machine.get("little_endian", True):
        raise ValueError("numbers of a big-endian machine")
    storages = _Storages(bytes_left(file))
    content = TensorUnpickler(file, storages.named).load()
    storages.fill(file, load_plain(file))
    return content


class _Storages:
    """One-dimensional tensors by key: made when the content names them, filled from the end of the file."""

    def __init__(self, room: int) -> None:
        """`room`: bytes that the file can hold; more is never allocated."""
        self._room = room
        self._by_key: dict[object, torch.Tensor] = {}

    def named(self, pid: object) -> torch.Tensor:
        """The storage, or the part of one, that ("storage", type, key, place, count, view) stands for."""
        if not isinstance(pid, tuple) or len(pid) != 6 or pid[0] != "storage":
            raise ValueError("an object outside the pickle that is no storage")
        _, dtype, key, _, count, view = pid
        if key not in self._by_key:
            self._by_key[key] = self._make(dtype, count)
        if view is None:
            return self._by_key[key]
        _, start, length = view
        return self._by_key[key].narrow(0, start, length)

    def _make(self, dtype: object, count: object) -> torch.Tensor:
        if not isinstance(dtype, torch.dtype) or not isinstance(count, int) or count < 0:
            raise ValueError("a storage without type or count")
        self._room -= count * dtype.itemsize
        if self._room < 0:
            raise TruncatedError("the tensors are larger than the file")
        return torch.empty(count, dtype=dtype)

    def fill(self, file: BinaryIO, keys: object) -> None:
        """Read the numbers of all storages, which lie in the order of `keys`."""
        if not isinstance(keys, list) or set(keys) != set(self._by_key):
            raise ValueError("other storages than the tensors need")
        for key in keys:
            storage = self._by_key[key]
            (count,) = read_numbers(file, EIGHT_BYTES)
            if count != storage.numel():
                raise ValueError(f"a storage of {count} numbers, where {storage.numel()} are announced")
            storage.copy_(read_tensor(file, storage.dtype, (count,)))
