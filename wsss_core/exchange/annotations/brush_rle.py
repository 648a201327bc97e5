"""The run-length code of Label Studio's brush masks: a stream of bits over four equal bytes per pixel (RGBA).

Head: 32 bits the number of bytes, 5 bits the bits of a value less one, four times 4 bits the possible widths of a run's
length, less one. Then blocks: 1 bit (1: one value repeated, 0: values one by one), 2 bits which width, the length less
one in that width, the value or values. Documented by Label Studio's converter, after thi.ng/rle-pack.
"""

from collections.abc import Sequence

import numpy as np

from wsss_core.exchange.errors import ForeignFileError

_WIDTHS = (3, 4, 8, 16)
_VALUE_BITS = 8
_CHANNELS = 4
_OPAQUE = 255
_HALF = 128
"""Least value of a painted pixel: at the edges of a stroke drawn by hand the value is the share that it covers."""


def encode_brush(mask_HW: np.ndarray) -> list[int]:
    """The code of a bool mask (H, W), as bytes 0..255."""
    values = np.repeat(mask_HW.reshape(-1), _CHANNELS)
    starts = np.flatnonzero(np.diff(values, prepend=~values[:1]))
    lengths = np.diff(starts, append=len(values))
    bits = [f"{len(values):032b}", f"{_VALUE_BITS - 1:05b}", *(f"{width - 1:04b}" for width in _WIDTHS)]
    for start, length in zip(starts, lengths, strict=True):
        bits += _blocks(int(length), _OPAQUE if values[start] else 0)
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [int(text[place : place + 8], 2) for place in range(0, len(text), 8)]


def _blocks(length: int, value: int) -> list[str]:
    longest = 1 << _WIDTHS[-1]
    blocks = []
    while length > 0:
        run = min(length, longest)
        which = next(place for place, width in enumerate(_WIDTHS) if run <= 1 << width)
        blocks.append(f"1{which:02b}{run - 1:0{_WIDTHS[which]}b}{value:0{_VALUE_BITS}b}")
        length -= run
    return blocks


def decode_brush(code: Sequence[int], size_hw: tuple[int, int], where: str) -> np.ndarray:
    """The bool mask (H, W): painted where the last of a pixel's four bytes says that at least half of it is.

    Raises `ForeignFileError`, opening with `where`, for a code that is damaged or of another size.
    """
    expected = size_hw[0] * size_hw[1] * _CHANNELS
    try:
        values = _values("".join(f"{byte:08b}" for byte in code), expected)
    except (ValueError, TypeError) as error:
        raise ForeignFileError(
            f"{where}: expected a brush mask of {size_hw[0]} x {size_hw[1]} pixels (height x width), found a code that "
            f"is damaged or of another size ({error}). To do: export the annotations again."
        ) from error
    return values.reshape(*size_hw, _CHANNELS)[..., _CHANNELS - 1] >= _HALF


def _values(bits: str, expected: int) -> np.ndarray:
    place = 0

    def take(width: int) -> int:
        nonlocal place
        place += width
        if place > len(bits):
            raise ValueError("it ends too early")
        return int(bits[place - width : place], 2)

    count = take(32)
    if count != expected:
        raise ValueError(f"{count} bytes, expected {expected}")
    value_bits = take(5) + 1
    if value_bits != _VALUE_BITS:
        raise ValueError(f"values of {value_bits} bits, expected {_VALUE_BITS}")
    widths = [take(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.uint8)
    at = 0
    while at < count:
        repeated = take(1)
        length = take(widths[take(2)]) + 1
        if at + length > count:
            raise ValueError("a run is too long")
        values[at : at + length] = take(value_bits) if repeated else [take(value_bits) for _ in range(length)]
        at += length
    return values
