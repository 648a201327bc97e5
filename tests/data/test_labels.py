"""Label PNGs: the stored number is the label id, whatever the palette."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from wsss_core.data.labels import LabelError, encode_label_png, read_label_png, voc_palette


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_encoded_labels_are_read_back_unchanged(label_HW: np.ndarray) -> None:
    with Image.open(io.BytesIO(encode_label_png(label_HW))) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), label_HW)


def test_palette_and_grey_files_give_the_same_ids(tmp_path: Path) -> None:
    label_HW = np.array([[0, 1, 20], [255, 2, 0]], np.uint8)
    (tmp_path / "palette.png").write_bytes(encode_label_png(label_HW))
    Image.fromarray(label_HW).save(tmp_path / "grey.png")
    for name in ("palette.png", "grey.png"):
        read = read_label_png(tmp_path / name)
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, label_HW)


def test_one_bit_file_holds_ids_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")
    assert read_label_png(tmp_path / "a.png").tolist() == [[1, 0]]


def test_palette_has_the_published_voc_colours() -> None:
    palette = voc_palette()
    assert palette.shape == (256, 3)
    assert palette[[0, 1, 2, 15, 20, 255]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [192, 128, 128],
        [0, 64, 128],
        [224, 224, 192],
    ]
    assert len({tuple(colour) for colour in palette.tolist()}) == 256


@pytest.mark.parametrize("mode", ["RGB", "LA"])
def test_coloured_files_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(LabelError, match=r"a\.png: expected a palette or grey PNG"):
        read_label_png(tmp_path / "a.png")


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="found no file"):
        read_label_png(tmp_path / "a.png")
    data = encode_label_png(np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8))
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(LabelError, match="damaged"):
        read_label_png(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(LabelError, match="damaged"):
        read_label_png(tmp_path / "b.png")


def test_only_uint8_maps_are_encoded() -> None:
    with pytest.raises(ValueError, match="found int64"):
        encode_label_png(np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="shape"):
        encode_label_png(np.zeros((2, 2, 1), np.uint8))


def test_label_ids_beyond_a_byte_are_grey_pngs_of_16_bits(tmp_path: Path) -> None:
    labels = np.array([[0, 253, 255], [256, 302, 65535]], np.uint16)
    (tmp_path / "a.png").write_bytes(encode_label_png(labels))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "I;16"
    found = read_label_png(tmp_path / "a.png")
    np.testing.assert_array_equal(found, labels)
    assert found.dtype == np.uint16


def test_a_16_bit_png_of_small_ids_is_read_as_bytes(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 3], [255, 1]], np.uint16)).save(tmp_path / "a.png")
    found = read_label_png(tmp_path / "a.png")
    assert found.tolist() == [[0, 3], [255, 1]]
    assert found.dtype == np.uint8


def test_the_palette_goes_on_with_new_colours() -> None:
    palette = voc_palette(512)
    np.testing.assert_array_equal(palette[:256], voc_palette())
    assert len(np.unique(palette, axis=0)) == 512
