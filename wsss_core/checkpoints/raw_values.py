"""Raw little-endian values from an open weight file, with a check of every size before memory is taken for it."""

import math
import os
import struct
from collections.abc import Sequence
from typing import BinaryIO

import torch


class TruncatedError(ValueError):
    """A file ends before what it announces."""


def read_numbers(file: BinaryIO, code: str) -> tuple[int, ...]:
    """The integers that the `struct` format `code` describes, from the file's present place.

    Raises `TruncatedError` when the file ends before.
    """
    wanted = struct.calcsize(code)
    found = file.read(wanted)
    if len(found) < wanted:
        raise TruncatedError(f"the file ends {wanted - len(found)} bytes too early")
    return struct.unpack(code, found)


def bytes_left(file: BinaryIO) -> int:
    """Bytes from the file's present place to its end."""
    here = file.tell()
    left = file.seek(0, os.SEEK_END) - here
    file.seek(here)
    return left


def read_tensor(file: BinaryIO, dtype: torch.dtype, shape: Sequence[int]) -> torch.Tensor:
    """A tensor of raw values in row-major order, from the file's present place.

    Raises `TruncatedError`, before any memory is taken, when the file is too short for it; `ValueError` for a negative
    side.
    """
    if any(side < 0 for side in shape):
        raise ValueError(f"a tensor with a negative side: {tuple(shape)}")
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > (left := bytes_left(file)):
        raise TruncatedError(f"a tensor of {wanted} bytes is announced where {left} are left")
    raw = torch.empty(wanted, dtype=torch.uint8)
    if wanted and file.readinto(raw.numpy()) != wanted:  # type: ignore[attr-defined]
        raise TruncatedError("the file ends within a tensor")
    return raw.view(dtype).reshape(tuple(shape))
