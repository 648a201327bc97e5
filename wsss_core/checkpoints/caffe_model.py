"""Weight files of Caffe (`.caffemodel`), without Caffe: a `NetParameter` in protobuf's wire format.

Only the layers are read, present ones (`layer`) and those of version 1 (`layers`), and of a layer its name and blobs.
Field numbers are those of `caffe.proto`.
"""

import math

import numpy as np
import torch

from wsss_core.checkpoints.protobuf import BYTES, VARINT, as_bytes, fields, varints

LAYERS = {100: (1, 7), 2: (4, 6)}
"""Field of a layer in the net -> fields of the name and of the blobs in it: `layer`, and `layers` of version 1."""
BLOB_SIDES = (1, 2, 3, 4)
"""num, channels, height, width: the shape of a blob before `shape` came."""
BLOB_SHAPE, SHAPE_DIM = 7, 1
BLOB_VALUES = {5: "<f4", 8: "<f8"}
"""Field of the numbers of a blob (`data`, `double_data`) -> their type."""


def looks_like_caffe(head: bytes) -> bool:
    """Whether a file may be a net of Caffe's, from its first bytes: it starts with the net's name or with a layer."""
    return head[:1] in (b"\x0a", b"\x12") or head[:2] == b"\xa2\x06"


def read_caffe_file(content: bytes) -> dict[str, torch.Tensor]:
    """ "<layer>.blobs.<index>" -> float32 tensor, of the whole content of a file. Layers without blobs are left out.

    Shapes are those in the file; the old form has always four sides, a bias (1, 1, 1, D).
    Raises `TruncatedError` or another `ValueError` for a damaged file, or two layers of one name.
    """
    found: dict[str, torch.Tensor] = {}
    for number, wire, layer in fields(memoryview(content)):
        if number not in LAYERS or wire != BYTES:
            continue
        name, blobs = _read_layer(as_bytes(layer), *LAYERS[number])
        for index, blob in enumerate(blobs):
            key = f"{name}.blobs.{index}"
            if key in found:
                raise ValueError(f"two layers of the name {name!r}")
            found[key] = blob
    return found


def _read_layer(layer: memoryview, name_field: int, blob_field: int) -> tuple[str, list[torch.Tensor]]:
    name, blobs = "", []
    for number, wire, value in fields(layer):
        if number == name_field and wire == BYTES:
            name = bytes(as_bytes(value)).decode("utf-8")
        elif number == blob_field and wire == BYTES:
            blobs.append(_read_blob(as_bytes(value)))
    return name, blobs


def _read_blob(blob: memoryview) -> torch.Tensor:
    sides, shape = dict.fromkeys(BLOB_SIDES, 0), None
    values = {number: bytearray() for number in BLOB_VALUES}
    for number, wire, value in fields(blob):
        if number in sides and wire == VARINT:
            sides[number] = int(value)
        elif number == BLOB_SHAPE and wire == BYTES:
            shape = _read_shape(as_bytes(value))
        elif number in values and wire != VARINT:  # all numbers in one field, or a field for each
            values[number] += as_bytes(value)
    shape = list(sides.values()) if shape is None else shape
    number = max(values, key=lambda number: len(values[number]))
    return _tensor(values[number], BLOB_VALUES[number], shape)


def _tensor(raw: bytearray, dtype: str, shape: list[int]) -> torch.Tensor:
    if len(raw) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError(f"a blob of {len(raw)} bytes does not have the shape {tuple(shape)} that it names")
    return torch.from_numpy(np.frombuffer(raw, dtype).astype(np.float32)).reshape(shape)


def _read_shape(raw: memoryview) -> list[int]:
    sides: list[int] = []
    for number, wire, value in fields(raw):
        if number == SHAPE_DIM:
            sides.extend(varints(as_bytes(value)) if wire == BYTES else [int(value)])
    return sides
