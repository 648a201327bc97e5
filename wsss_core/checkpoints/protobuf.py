"""Protobuf's wire format, as far as weight files use it: the fields of a message, without its description."""

from collections.abc import Iterator

from wsss_core.checkpoints.raw_values import TruncatedError

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""Wire types."""
FIXED_SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}
VARINT_BITS = 70

Field = tuple[int, int, int | memoryview]
"""Number, wire type, and the value: an integer, or the bytes."""


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message. Raises `TruncatedError` where one is longer than the message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(message, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, at = _varint(message, at)
        elif wire in FIXED_SIZES:
            length = FIXED_SIZES[wire]
        else:
            raise ValueError(f"no protobuf message: wire type {wire}")
        if at + length > len(message):
            raise TruncatedError(f"the file ends {at + length - len(message)} bytes too early")
        yield number, wire, message[at : at + length]
        at += length


def varints(raw: memoryview) -> Iterator[int]:
    """The integers of a packed field, one after the other."""
    at = 0
    while at < len(raw):
        value, at = _varint(raw, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The integer at a place, seven bits a byte with the lowest first, and the place behind it."""
    value = 0
    for shift in range(0, VARINT_BITS, 7):
        if at >= len(message):
            raise TruncatedError("the file ends within a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("no protobuf message: an endless number")


def as_bytes(value: int | memoryview) -> memoryview:
    """The value of a field that holds bytes. Raises `ValueError` for a number."""
    if not isinstance(value, memoryview):
        raise ValueError("no protobuf message of this kind: a number where a message belongs")
    return value
