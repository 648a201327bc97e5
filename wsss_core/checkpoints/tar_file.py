"""The oldest weight files of PyTorch (before 0.1.7, 2016): a tar archive of `storages`, `tensors` and `pickle`.

PyTorch reads them only with a reader that may run code; this one reads the three members in place, unpacks nothing and
gives pickles a fixed list of names, which stand for functions and values of this file. Nothing leads to an import.
"""

import math
import pickle
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, cast

import torch

from wsss_core.checkpoints.raw_values import TruncatedError, bytes_left, read_numbers, read_tensor

MARK = b"ustar"
MARK_OFFSET = 257

Objects = dict[int, torch.Tensor]
"""Storages (one-dimensional) and tensors by their number in the file."""

DTYPES: Mapping[str, torch.dtype] = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
}
"""PyTorch's words for number types, as in `FloatStorage` and `FloatTensor`."""


class UnsafePickleError(ValueError):
    """A pickle asks for something other than tensors and plain values."""


def read_tar_file(file: BinaryIO) -> object:
    """The content of an open file, its tensors on the CPU.

    Raises `UnsafePickleError` with the name of anything that could run code; for a damaged file `tarfile.TarError`,
    `UnpicklingError` or whatever a wrong value leads to (ValueError, KeyError, TypeError, RuntimeError, ...).
    """
    size = bytes_left(file)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        objects: Objects = {}
        _add_storages(_member(archive, "storages", size), objects)
        _add_tensors(_member(archive, "tensors", size), objects)

        def named(pid: object) -> torch.Tensor:
            return objects[int(cast(str, pid))]

        return _Unpickler(_member(archive, "pickle", size), named).load()


def _member(archive: tarfile.TarFile, name: str, size: int) -> BinaryIO:
    about = archive.getmember(name)
    if not about.isreg() or about.issparse():
        raise ValueError(f"{name!r} is no plain file in the archive")
    if about.offset_data + about.size > size:
        raise TruncatedError(f"the file ends within {name!r}")
    return cast(BinaryIO, archive.extractfile(about))


def _add_storages(file: BinaryIO, objects: Objects) -> None:
    for _ in range(_count(file)):
        key, _, dtype = cast(tuple[int, str, torch.dtype], _Unpickler(file).load())
        objects[key] = read_tensor(file, dtype, read_numbers(file, "<q"))
    for key, root, start, length in cast(list[tuple[int, int, int, int]], _Unpickler(file).load()):
        objects[key] = objects[root].narrow(0, start, length)


def _add_tensors(file: BinaryIO, objects: Objects) -> None:
    for _ in range(_count(file)):
        key, storage, _ = cast(tuple[int, int, torch.dtype], _Unpickler(file).load())
        axes, _ = read_numbers(file, "<ii")
        size, stride = read_numbers(file, f"<{axes}q"), read_numbers(file, f"<{axes}q")
        (offset,) = read_numbers(file, "<q")
        objects[key] = strided_view(objects[storage], offset, size, stride)


def _count(file: BinaryIO) -> int:
    count = _Unpickler(file).load()
    if not isinstance(count, int):
        raise ValueError("no count where one belongs")
    return count


def strided_view(storage: torch.Tensor, offset: int, size: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    """The tensor that lies in a one-dimensional storage; sizes, strides and offset count elements.

    Raises `ValueError` (or PyTorch's RuntimeError) when the storage does not hold all of it.
    """
    if storage.ndim != 1:
        raise ValueError("a tensor in a tensor, where a storage belongs")
    # Refused although PyTorch could write it: with a stride of 0, a few bytes would stand for any amount of memory.
    if 0 in stride and math.prod(size) > storage.numel():
        raise ValueError("a tensor that is larger than its storage")
    # PyTorch counts from the start of the memory, which is not that of a storage that is part of another.
    return storage.as_strided(tuple(size), tuple(stride), int(storage.storage_offset()) + offset)


class _Names(dict[object, object]):
    """In place of OrderedDict, without its attributes, which a pickle could set."""

    def __setstate__(self, state: object) -> None:
        return


class _Steps:
    """Bound methods, because a pickle cannot change them as it could functions and classes."""

    def ordered_dict(self, pairs: object = ()) -> _Names:
        """In place of `OrderedDict(pairs)`."""
        return _Names(pairs)  # type: ignore[call-overload]


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): _Steps().ordered_dict,
    **{
        (module, word + what): dtype
        for word, dtype in DTYPES.items()
        for what in ("Storage", "Tensor")
        for module in ("torch", "torch.cuda")
    },
}
"""Module and name in a file -> what is used in their place. Tensors of a GPU become those of the CPU."""


class _Unpickler(pickle.Unpickler):
    """One pickle, from the present place of an open file to its end; then the file stands behind it."""

    def __init__(self, file: BinaryIO, named: Callable[[object], torch.Tensor] | None = None) -> None:
        # Files of Python 2 hold byte strings where names are meant; latin1 reads any of them.
        super().__init__(file, encoding="latin1")
        self._named = named

    def find_class(self, module: str, name: str) -> object:
        """What stands for that name here. Raises `UnsafePickleError` for any other."""
        if (module, name) not in _ALLOWED:
            raise UnsafePickleError(f"{module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: object) -> torch.Tensor:
        """The tensor of that number. Raises `UnpicklingError` where none belongs."""
        if self._named is None:
            raise pickle.UnpicklingError("a tensor where none belongs")
        return self._named(pid)
