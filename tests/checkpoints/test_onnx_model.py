"""ONNX files, written byte by byte in protobuf's wire format."""

import numpy as np
import pytest
import torch
from checkpoints.test_caffe_model import integer, message, varint

from wsss_core.checkpoints.onnx_model import read_onnx_file
from wsss_core.checkpoints.reading import read_state

FLOAT32, INT64 = 1, 7
KERNEL = np.arange(12, dtype=np.float32).reshape(2, 6, 1, 1)
BIAS = np.array([0.5, -1.5], np.float32)


def tensor(name: str, values: np.ndarray, dtype: int = FLOAT32, form: str = "raw") -> bytes:
    sides = b"".join(map(varint, values.shape))
    shape = message(1, sides) if form == "packed" else b"".join(integer(1, side) for side in values.shape)
    data = message(4 if form == "floats" else 9, values.astype("<f4" if dtype == FLOAT32 else "<i8").tobytes())
    return message(5, shape + integer(2, dtype) + data + message(8, name.encode()))


def node(kind: str, *inputs: str) -> bytes:
    return message(1, b"".join(message(1, name.encode()) for name in inputs) + message(4, kind.encode()))


def model(*parts: bytes) -> bytes:
    return integer(1, 6) + message(2, b"pytorch") + message(7, b"".join(parts))


def two_convolutions(form: str = "raw") -> bytes:
    """The second one's weights stand first in the file."""
    return model(
        tensor("late.weight", 2 * KERNEL, form=form),
        tensor("1967", KERNEL, form=form),
        tensor("1968", BIAS, form=form),
        tensor("sizes", np.array([2, 3]), INT64),
        node("Conv", "input.1", "1967", "1968"),
        node("Relu", "1966"),
        node("Conv", "801", "late.weight"),
    )


@pytest.mark.parametrize("form", ["raw", "floats", "packed"])
def test_convolutions_come_in_order_of_execution(form):
    found = read_onnx_file(two_convolutions(form))
    assert list(found) == ["conv.0.weight", "conv.0.bias", "conv.1.weight"]
    assert torch.equal(found["conv.0.weight"], torch.from_numpy(KERNEL))
    assert torch.equal(found["conv.0.bias"], torch.from_numpy(BIAS))
    assert torch.equal(found["conv.1.weight"], 2 * torch.from_numpy(KERNEL))


def test_a_file_is_told_by_its_content(tmp_path):
    (tmp_path / "net.weights").write_bytes(two_convolutions())
    assert set(read_state(tmp_path / "net.weights")) == {"conv.0.weight", "conv.0.bias", "conv.1.weight"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (integer(1, 6), "no graph in this ONNX file"),
        (model(node("Conv", "x", "elsewhere")), "the weight of convolution 0 is not in this ONNX file"),
        (two_convolutions()[:-9], "too early|within a number"),
        (model(tensor("w", KERNEL).replace(integer(1, 6), integer(1, 5))), "does not have the shape"),
        (model(node("Relu", "x")), "no tensors inside"),
    ],
)
def test_damaged_files_and_files_without_weights_are_refused(tmp_path, content, message):
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_state(tmp_path / "net.onnx")
