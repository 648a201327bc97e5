"""Masks by class of SBD (Hariharan et al., ICCV 2011), `cls/<image id>.mat`: a MATLAB struct `GTcls` whose field
`Segmentation` holds VOC's label ids, uint8 (H, W), without any pixel of 255.

Of MATLAB's level 5 files only what these hold is read here, after "MAT-File Format" of The MathWorks: SciPy's reader
is ended by the system on some damaged ones. No file holds code that a reader would run, but small ones may unpack to
giants, so there is a limit.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from wsss_core.exchange.errors import ForeignFileError

VARIABLE, FIELD = "GTcls", "Segmentation"
LARGEST_BYTES = 1 << 25
"""Of a file, packed and unpacked; a mask of SBD has 250 kB."""
HIGHEST_LABEL = 20

_HEAD_BYTES, _ORDER_PLACE = 128, slice(126, 128)
_ORDERS = {b"IM": "<", b"MI": ">"}
_MATRIX, _PACKED = 14, 15
_STRUCT_CLASS = 2
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4"}
"""Kinds of elements that hold integers -> their dtype."""
_MOST_ELEMENTS = 64

Element = tuple[int, bytes]
"""Kind and content."""


def read_sbd_mask(path: Path) -> np.ndarray:
    """Label map uint8 (H, W) of one file: 0 background, 1..20 the classes of VOC.

    Raises `ForeignFileError` for missing, damaged and over-large files, other contents and other label ids.
    """
    if not path.is_file():
        raise ForeignFileError(f"{path}: expected a mask of SBD, found no file. To do: unpack the archive again.")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"more than {LARGEST_BYTES >> 20} MB")
        label_HW = _mask(path.read_bytes())
        if label_HW.ndim != 2 or label_HW.size == 0:
            raise ValueError(f"an array of shape {label_HW.shape}")
        if label_HW.min() < 0 or label_HW.max() > HIGHEST_LABEL:
            raise ValueError(f"label ids from {label_HW.min()} to {label_HW.max()}")
    except (ValueError, IndexError, struct.error, zlib.error) as error:
        raise ForeignFileError(
            f"{path}: expected a MATLAB 5 file of SBD's `cls` with {VARIABLE}.{FIELD}, label ids 0..{HIGHEST_LABEL} "
            f"of the axes (H, W), found another or damaged file: {error}. To do: unpack the archive again."
        ) from error
    return label_HW.astype(np.uint8)


def _mask(data: bytes) -> np.ndarray:
    order = _ORDERS.get(data[_ORDER_PLACE])
    if order is None:
        raise ValueError("no head of MATLAB 5")
    for kind, content in _elements(data[_HEAD_BYTES:], order):
        if kind == _PACKED:
            kind, content = next(_elements(_unpacked(content), order), (0, b""))
        parts = list(islice(_elements(content, order), _MOST_ELEMENTS)) if kind == _MATRIX else []
        if len(parts) > 2 and parts[2][1] == VARIABLE.encode():
            return _array(_field(parts, order), order)
    raise ValueError(f"no variable {VARIABLE}")


def _unpacked(content: bytes) -> bytes:
    unpacked = zlib.decompressobj().decompress(content, LARGEST_BYTES + 1)
    if len(unpacked) > LARGEST_BYTES:
        raise ValueError(f"it unpacks to more than {LARGEST_BYTES >> 20} MB")
    return unpacked


def _elements(data: bytes, order: str) -> Iterator[Element]:
    """The elements one after the other; those of at most 4 bytes may stand in the second half of their head."""
    place = 0
    while place + 8 <= len(data):
        kind, length = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:
            kind, length, start = kind & 0xFFFF, kind >> 16, place + 4
        if start + length > len(data):
            raise ValueError("it ends too early")
        yield kind, data[start : start + length]
        # Packed ones follow each other at once, others begin at multiples of 8.
        place = start + length + (0 if kind == _PACKED else -(start + length) % 8)


def _field(parts: list[Element], order: str) -> list[Element]:
    """The parts of the field's array, of a struct: flags, axes, name, length of the fields' names, names, fields."""
    if parts[0][1][: 1 if order == "<" else 4][-1:] != bytes([_STRUCT_CLASS]):
        raise ValueError(f"{VARIABLE} is no struct")
    (width,) = struct.unpack(f"{order}i", parts[3][1])
    if width < 1:
        raise ValueError("names of fields without letters")
    names = [parts[4][1][start : start + width].rstrip(b"\0") for start in range(0, len(parts[4][1]), width)]
    kind, content = parts[5 + names.index(FIELD.encode())]
    if kind != _MATRIX:
        raise ValueError(f"{FIELD} is no array")
    return list(islice(_elements(content, order), _MOST_ELEMENTS))


def _array(parts: list[Element], order: str) -> np.ndarray:
    """The array of integers with flags, axes, name and values; MATLAB counts down the columns first."""
    axes = np.frombuffer(parts[1][1], f"{order}i4").tolist()
    kind, content = parts[3]
    if kind not in _NUMBERS:
        raise ValueError(f"{FIELD} is no array of integers")
    return np.frombuffer(content, f"{order}{_NUMBERS[kind]}").reshape(axes, order="F")
