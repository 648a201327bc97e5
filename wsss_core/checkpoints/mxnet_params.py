"""Weight files of MXNet (`.params`), without MXNet: a list of arrays, then their names.

Three forms of an array exist: the first has no magic number and 32-bit sides (as in 2016, when ademxapp's ResNet38 was
made), version 1 has 64-bit sides, version 2 also a storage type. All numbers are little-endian.
"""

from typing import BinaryIO

import torch

from wsss_core.checkpoints.raw_values import TruncatedError, bytes_left, read_numbers, read_tensor

MAGIC = b"\x12\x01\x00\x00\x00\x00\x00\x00"
ARRAY_V1, ARRAY_V2, ARRAY_V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DENSE = 0
MAX_AXES = 32
DTYPES = (
    *(torch.float32, torch.float64, torch.float16, torch.uint8, torch.int32, torch.int8, torch.int64, torch.bool),
    torch.int16,
)
"""Number types in the order of MXNet's type flags."""


def read_mxnet_file(file: BinaryIO) -> dict[str, torch.Tensor]:
    """Name -> array of an open file. Names keep MXNet's prefixes `arg:` and `aux:`.

    Raises `TruncatedError` or another `ValueError` for a damaged file, sparse arrays or arrays without names.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("no list of MXNet arrays")
    _, count = read_numbers(file, "<QQ")
    # One after the other: the announced count may be anything, but each array takes bytes of the file.
    arrays = []
    for _ in range(count):
        arrays.append(_read_array(file))
    names = _read_names(file)
    if len(names) != len(arrays) or len(set(names)) != len(names):
        raise ValueError(f"{len(arrays)} arrays with {len(set(names))} names")
    return dict(zip(names, arrays, strict=True))


def _read_array(file: BinaryIO) -> torch.Tensor:
    (first,) = read_numbers(file, "<I")
    if first in (ARRAY_V2, ARRAY_V3):
        (storage,) = read_numbers(file, "<i")
        if storage != DENSE:
            raise ValueError("a sparse array, where weights are dense")
    (axes,) = read_numbers(file, "<I") if first >= ARRAY_V1 else (first,)
    if axes > MAX_AXES:
        raise ValueError(f"an array of {axes} axes")
    shape = read_numbers(file, f"<{axes}q" if first >= ARRAY_V1 else f"<{axes}I")
    if axes == 0:  # an array that was never filled has nothing more
        return torch.empty(0)
    _, _, kind = read_numbers(file, "<iii")  # device, its number, type of the values
    if not 0 <= kind < len(DTYPES):
        raise ValueError(f"values of the unknown type {kind}")
    return read_tensor(file, DTYPES[kind], shape)


def _read_names(file: BinaryIO) -> list[str]:
    (count,) = read_numbers(file, "<Q")
    names = []
    for _ in range(count):
        (length,) = read_numbers(file, "<Q")
        if length > bytes_left(file):
            raise TruncatedError("the file ends within a name")
        names.append(file.read(length).decode("utf-8"))
    return names
