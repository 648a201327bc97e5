"""Damaged photographs and label maps."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.png import decode_png, encode_png
from wsss_core.data.image_formats import PHOTOGRAPHS
from wsss_core.data.images import ImageError, probe_image, read_image
from wsss_core.data.labels import read_label_png

MAX_PIXELS = 10_000
FORMATS = (*PHOTOGRAPHS, "MPO")


def picture() -> Image.Image:
    generator = np.random.default_rng(0)
    return Image.fromarray(cv2.resize(generator.integers(0, 255, (5, 7, 3), np.uint8), (32, 24)))


def encoded(name: str, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    picture().convert(mode).save(stream, name, **options)
    return stream.getvalue()


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a photograph"
    return encoded("JPEG", exif=exif)


PICTURES = (
    *(encoded(name) for name in FORMATS),
    encoded("PNG", "P"),
    encoded("PNG", "RGBA"),
    encoded("PNG", "I;16"),
    encoded("JPEG", "CMYK"),
    encoded("JPEG", "L", progressive=True),
    encoded("TIFF", compression="tiff_lzw"),
    encoded("TIFF", compression="tiff_deflate"),
    with_exif(),
)
LABELS = tuple(encoded("PNG", mode) for mode in ("L", "P"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "photo.jpg"


@pytest.mark.parametrize("content", PICTURES)
def test_what_is_damaged_below_was_sound(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_image(file, MAX_PIXELS).shape[2] == 3
    assert min(probe_image(file, MAX_PIXELS, decode=True)) > 0


@given(content=damaged(*PICTURES))
def test_a_damaged_photograph_is_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    image_HW3 = tried(lambda: read_image(file, MAX_PIXELS), ImageError, str(file))
    if isinstance(image_HW3, np.ndarray):
        assert image_HW3.dtype == np.uint8
        assert image_HW3.shape[2] == 3
        assert image_HW3.shape[0] * image_HW3.shape[1] <= MAX_PIXELS


@given(content=damaged(*PICTURES), decode=st.booleans())
def test_the_size_of_a_damaged_photograph_is_told_or_refused(file: Path, content: bytes, decode: bool) -> None:
    file.write_bytes(content)
    size_hw = tried(lambda: probe_image(file, MAX_PIXELS, decode), ImageError, str(file))
    if isinstance(size_hw, tuple):
        assert 0 < size_hw[0] * size_hw[1] <= MAX_PIXELS


@given(content=damaged(*LABELS))
def test_a_damaged_label_map_is_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    label_HW = tried(lambda: read_label_png(file), ValueError, str(file))
    if isinstance(label_HW, np.ndarray):
        assert (label_HW.dtype, label_HW.ndim) == (np.uint8, 2)


@given(content=damaged(encode_png(np.arange(200, dtype=np.uint8).reshape(10, 20))))
def test_a_damaged_map_of_a_part_is_read_or_refused(content: bytes) -> None:
    map_HW = tried(lambda: decode_png(content), ArtifactError, "run the stage again")
    if isinstance(map_HW, np.ndarray):
        assert (map_HW.dtype, map_HW.ndim) == (np.uint8, 2)


@pytest.mark.parametrize("side", [50_000, 2**31 - 1])
def test_a_header_that_promises_a_giant_costs_no_memory(file: Path, side: int) -> None:
    content = bytearray(encoded("BMP"))
    content[18:26] = side.to_bytes(4, "little") * 2
    file.write_bytes(content)
    with pytest.raises(ImageError, match="at most 10000 pixels"):
        read_image(file, MAX_PIXELS)


def test_a_file_that_would_start_another_program_is_no_image(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*words: object, **options: object) -> None:
        raise AssertionError(f"started {words}")

    monkeypatch.setattr("subprocess.Popen", start)
    file.write_bytes(encoded("EPS"))
    with pytest.raises(ImageError, match="content in no known image format"):
        read_image(file)
    with pytest.raises(ValueError, match="expected a label PNG"):
        read_label_png(file)
