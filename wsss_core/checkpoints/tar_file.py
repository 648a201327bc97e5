"""The oldest weight files of PyTorch (before 0.1.7, 2016): a tar archive of `storages`, `tensors` and `pickle`.

PyTorch reads them only with a reader that may run code; this one reads the three members in place and unpacks nothing.
"""

import tarfile
from typing import BinaryIO, cast

import torch

from wsss_core.checkpoints.raw_values import (
    EIGHT_BYTES,
    TruncatedError,
    bytes_left,
    read_numbers,
    read_tensor,
    strided_view,
)
from wsss_core.checkpoints.tensor_pickle import TensorUnpickler, load_plain

MARK = b"ustar"
MARK_OFFSET = 257

Objects = dict[int, torch.Tensor]
"""Storages (one-dimensional) and tensors by their number in the file."""


def read_tar_file(file: BinaryIO) -> object:
    """The content of an open file, its tensors on the CPU.

    Raises `UnsafePickleError` for anything but tensors and plain values, `tarfile.TarError` or others of
    `tensor_pickle.ERRORS` for a damaged file.
    """
    size = bytes_left(file)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        objects: Objects = {}
        _add_storages(_member(archive, "storages", size), objects)
        _add_tensors(_member(archive, "tensors", size), objects)

        def named(pid: object) -> torch.Tensor:
            return objects[int(cast(str, pid))]

        return TensorUnpickler(_member(archive, "pickle", size), named).load()


def _member(archive: tarfile.TarFile, name: str, size: int) -> BinaryIO:
    about = archive.getmember(name)
    if not about.isreg() or about.issparse():
        raise ValueError(f"{name!r} is no plain file in the archive")
    if about.offset_data + about.size > size:
        raise TruncatedError(f"the file ends within {name!r}")
    return cast(BinaryIO, archive.extractfile(about))


def _add_storages(file: BinaryIO, objects: Objects) -> None:
    for _ in range(_count(file)):
        key, _, dtype = cast(tuple[int, str, torch.dtype], load_plain(file))
        objects[key] = read_tensor(file, dtype, read_numbers(file, EIGHT_BYTES))
    for key, root, start, length in cast(list[tuple[int, int, int, int]], load_plain(file)):
        objects[key] = objects[root].narrow(0, start, length)


def _add_tensors(file: BinaryIO, objects: Objects) -> None:
    for _ in range(_count(file)):
        key, storage, _ = cast(tuple[int, int, torch.dtype], load_plain(file))
        axes, _ = read_numbers(file, "<ii")
        size, stride = read_numbers(file, f"<{axes}q"), read_numbers(file, f"<{axes}q")
        (offset,) = read_numbers(file, EIGHT_BYTES)
        objects[key] = strided_view(objects[storage], offset, size, stride)


def _count(file: BinaryIO) -> int:
    count = load_plain(file)
    if not isinstance(count, int):
        raise ValueError("no count where one belongs")
    return count
