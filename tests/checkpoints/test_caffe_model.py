"""Caffe's nets, written byte by byte in protobuf's wire format."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.caffe_model import looks_like_caffe, read_caffe_file
from wsss_core.checkpoints.reading import read_state

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
BIAS = np.array([0.5, -1.5], np.float32)


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def integer(field: int, value: int) -> bytes:
    return varint(field << 3 | VARINT) + varint(value)


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | BYTES) + varint(len(content)) + content


def blob(values: np.ndarray, form: str = "shape", packed: bool = True) -> bytes:
    """`form` "legacy": num, channels, height, width, a vector in the last."""
    raw = values.astype("<f4").tobytes()
    data = (
        message(5, raw)
        if packed
        else b"".join(varint(5 << 3 | FOUR) + raw[at : at + 4] for at in range(0, len(raw), 4))
    )
    if form == "legacy":
        sides = (1,) * (4 - values.ndim) + values.shape
        return b"".join(integer(field, side) for field, side in enumerate(sides, start=1)) + data
    dims = b"".join(integer(1, side) for side in values.shape)
    if form == "packed shape":
        dims = message(1, b"".join(map(varint, values.shape)))
    return data + message(7, dims)


def layer(name: str, *blobs: bytes, kind: str = "Convolution") -> bytes:
    fields = message(1, name.encode()) + message(2, kind.encode()) + message(3, b"data") + message(4, b"out")
    return message(100, fields + b"".join(message(7, each) for each in blobs))


def old_layer(name: str, *blobs: bytes) -> bytes:
    fields = message(2, b"data") + message(3, b"out") + message(4, name.encode()) + integer(5, 4)
    return message(2, fields + b"".join(message(6, each) for each in blobs) + varint(8 << 3 | FOUR) + b"\0\0\x80?")


def net(form: str) -> bytes:
    title = message(1, b"VGG_ILSVRC") + integer(5, 0) + message(3, b"data")
    if form == "v1":
        weights = (blob(WEIGHT, "legacy"), blob(BIAS, "legacy"))
        return title + old_layer("data") + old_layer("conv1_1", *weights) + old_layer("relu1_1")
    weights = (blob(WEIGHT, form), blob(BIAS, form))
    return title + layer("data", kind="Data") + layer("conv1_1", *weights) + layer("relu1_1", kind="ReLU")


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "net.caffemodel").write_bytes(content)
    return tmp_path / "net.caffemodel"


@pytest.mark.parametrize("form", ["shape", "packed shape", "legacy", "v1"])
def test_every_form_is_told_by_its_content_and_read(tmp_path, form):
    read = read_state(written(tmp_path, net(form)).rename(tmp_path / "any.name"))
    assert list(read) == ["conv1_1.blobs.0", "conv1_1.blobs.1"]
    assert np.array_equal(read["conv1_1.blobs.0"], WEIGHT)
    assert read["conv1_1.blobs.1"].shape == ((1, 1, 1, 2) if form in ("legacy", "v1") else (2,))
    assert np.array_equal(read["conv1_1.blobs.1"].flatten(), BIAS)


def test_numbers_one_by_one_and_doubles_are_read(tmp_path):
    content = layer("a", blob(WEIGHT, packed=False))
    doubles = message(8, WEIGHT.astype("<f8").tobytes()) + message(
        7, b"".join(integer(1, side) for side in WEIGHT.shape)
    )
    read = read_state(written(tmp_path, content + layer("b", doubles)))
    assert np.array_equal(read["a.blobs.0"], WEIGHT)
    assert np.array_equal(read["b.blobs.0"], WEIGHT)
    assert read["b.blobs.0"].dtype == torch.float32


@given(st.lists(st.integers(1, 300), min_size=1, max_size=2), st.text(min_size=1, max_size=200))
def test_names_and_shapes_of_any_length_come_back(shape, name):
    values = np.random.default_rng(0).random(shape, np.float32)
    ((key, read),) = read_caffe_file(layer(name, blob(values))).items()
    assert key == f"{name}.blobs.0"
    assert np.array_equal(read, values)


def test_a_net_may_begin_with_a_layer_and_other_files_do_not_look_like_one():
    assert all(looks_like_caffe(start) for start in (net("shape"), layer("a"), old_layer("a")))
    for other in (b"<html>", b"{}", b"version https://git-lfs", b"\x80\x02", b"PK\x03\x04", b"", b"\x89HDF"):
        assert not looks_like_caffe(other)


@pytest.mark.parametrize("form", ["shape", "v1"])
def test_a_net_cut_anywhere_within_a_layer_is_an_error_that_names_it(tmp_path, form):
    content = net(form)
    whole = read_caffe_file(content)
    refused = 0
    for end in range(1, len(content)):
        path = written(tmp_path, content[:end])
        try:
            read = read_state(path)
        except ValueError as error:
            refused += 1
            assert "net.caffemodel: " in str(error)  # noqa: PT017
        else:  # cut between two layers: the check against the network finds what is missing
            assert set(read) <= set(whole)
    assert refused > len(content) - 15


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (message(1, b"net") + b"\x0b", "wire type 3"),
        (message(1, b"net") + b"\xff" * 11, "an endless number"),
        (layer("a", message(5, b"\0" * 8) + message(7, integer(1, 3))), "8 bytes does not have the shape"),
        (layer("a", message(5, b"\0" * 7) + message(7, integer(1, 2))), "7 bytes does not have the shape"),
        (layer("a", message(5, b"\0" * 4) + message(7, integer(1, 2**62))), "does not have the shape"),
        (layer("a", blob(BIAS)) + layer("a", blob(BIAS)), "two layers of the name 'a'"),
        (layer("a"), "no tensors inside"),
        (message(100, b"\x3a"), "ends within a number"),
    ],
)
def test_damage_is_described(tmp_path, content, words):
    with pytest.raises(ValueError, match=rf"net\.caffemodel: .*{words}"):
        read_state(written(tmp_path, content))


def test_lengths_are_checked_before_they_are_used(tmp_path):
    giant = varint(100 << 3 | BYTES) + varint(2**60)
    with pytest.raises(ValueError, match=r"net\.caffemodel: .*bytes too early"):
        read_state(written(tmp_path, giant))
