"""Weights of ONNX files, without ONNX: a `ModelProto` in protobuf's wire format.

Exporters fold BatchNorm into convolutions and number what they made, so the names in a file mean little; the order of
the nodes is that of execution and is kept. Field numbers are those of `onnx.proto`.
"""

import math

import numpy as np
import torch

from wsss_core.checkpoints.protobuf import BYTES, as_bytes, fields, varints

FIRST_BYTE = b"\x08"
"""The file begins with its `ir_version`."""
GRAPH, NODE, INITIALISER = 7, 1, 5
NODE_INPUT, NODE_TYPE = 1, 4
TENSOR_SHAPE, TENSOR_DTYPE, TENSOR_FLOATS, TENSOR_NAME, TENSOR_RAW = 1, 2, 4, 8, 9
FLOAT32 = 1
CONVOLUTION = "Conv"
LEAVES = ("weight", "bias")


def read_onnx_file(content: bytes) -> dict[str, torch.Tensor]:
    """ "conv.<index>.weight" and "conv.<index>.bias" -> float32 tensor of the convolutions in order of execution.

    Raises `TruncatedError` or another `ValueError` for a damaged file, one without convolutions, or one whose weights
    lie elsewhere or are not float32.
    """
    graph = next((as_bytes(value) for number, _, value in fields(memoryview(content)) if number == GRAPH), None)
    if graph is None:
        raise ValueError("no graph in this ONNX file")
    tensors, convolutions = dict[str, torch.Tensor](), list[list[str]]()
    for number, wire, value in fields(graph):
        if number == INITIALISER and wire == BYTES:
            tensors.update(_read_tensor(as_bytes(value)))
        elif number == NODE and wire == BYTES:
            kind, inputs = _read_node(as_bytes(value))
            if kind == CONVOLUTION:
                convolutions.append(inputs[1:])
    return _by_order(convolutions, tensors)


def _by_order(convolutions: list[list[str]], tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found = {}
    for index, names in enumerate(convolutions):
        for leaf, name in zip(LEAVES, names, strict=False):
            if name not in tensors:
                raise ValueError(f"the {leaf} of convolution {index} is not in this ONNX file")
            found[f"conv.{index}.{leaf}"] = tensors[name]
    return found


def _read_node(node: memoryview) -> tuple[str, list[str]]:
    kind, inputs = "", []
    for number, wire, value in fields(node):
        if wire == BYTES and number == NODE_INPUT:
            inputs.append(bytes(as_bytes(value)).decode("utf-8"))
        elif wire == BYTES and number == NODE_TYPE:
            kind = bytes(as_bytes(value)).decode("utf-8")
    return kind, inputs


def _read_tensor(tensor: memoryview) -> dict[str, torch.Tensor]:
    """Name -> values; nothing for numbers other than float32, which are no weights."""
    shape: list[int] = []
    name, dtype, raw = "", 0, bytearray()
    for number, wire, value in fields(tensor):
        if number == TENSOR_SHAPE:
            shape.extend(varints(as_bytes(value)) if wire == BYTES else [int(value)])
        elif number == TENSOR_DTYPE:
            dtype = int(value)
        elif number == TENSOR_NAME:
            name = bytes(as_bytes(value)).decode("utf-8")
        elif number in (TENSOR_RAW, TENSOR_FLOATS):  # in one piece, or a number after the other
            raw += as_bytes(value)
    if dtype != FLOAT32:
        return {}
    if len(raw) != math.prod(shape) * np.dtype("<f4").itemsize:
        raise ValueError(f"tensor {name!r} of {len(raw)} bytes does not have the shape {tuple(shape)} that it names")
    return {name: torch.from_numpy(np.frombuffer(raw, "<f4").astype(np.float32)).reshape(shape)}
