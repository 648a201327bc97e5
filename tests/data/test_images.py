"""Every kind of image file that people have is either converted by a rule or refused with file and remedy."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss_core.data.images import ImageError, probe_image, read_image


def gradient(height: int = 20, width: int = 30) -> np.ndarray:
    """A smooth picture whose corners differ, uint8 RGB."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), np.full_like(x, 90)], axis=-1).astype(np.uint8)


def png_16_bit(values: np.ndarray) -> bytes:
    """A 16-bit grey PNG made by hand, as cameras and microscopes write it."""
    height, width = values.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_rgb_png_is_read_as_it_is(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, gradient())
    assert probe_image(tmp_path / "a.png") == (20, 30)


def test_grey_image_gets_three_equal_channels(tmp_path: Path) -> None:
    grey = gradient()[..., 0]
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.repeat(grey[..., None], 3, axis=2))


def test_one_bit_image_becomes_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(gradient()[..., 0] > 100).save(tmp_path / "a.png")
    assert set(np.unique(read_image(tmp_path / "a.png"))) == {0, 255}


def test_cmyk_jpeg_has_the_colours_of_its_rgb_conversion(tmp_path: Path) -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # full magenta and yellow ink: red
    cmyk.save(tmp_path / "a.jpg", quality=95)
    centre = read_image(tmp_path / "a.jpg")[8, 8].astype(int)
    assert centre[0] > 245
    assert centre[1:].max() < 15


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 18 * 20).reshape(18, 20).astype(np.uint16)
    path = tmp_path / f"a.{suffix}"
    if suffix == "png":
        path.write_bytes(png_16_bit(values))
    else:
        Image.fromarray(values).save(path)
    image = read_image(path)
    assert image.shape == (18, 20, 3)
    np.testing.assert_allclose(image[..., 0], values / 257.0, atol=0.51)


def test_transparent_pixels_show_a_white_page(tmp_path: Path) -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:8] = (200, 10, 20, 255)
    rgba[8:, :8] = (200, 10, 20, 0)
    rgba[8:, 8:] = (0, 0, 0, 51)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image[0, 0].tolist() == [200, 10, 20]
    assert image[12, 2].tolist() == [255, 255, 255]
    assert image[12, 12].tolist() == [204, 204, 204]  # one fifth of black on white


def test_palette_image_gives_its_colours_and_white_where_transparent(tmp_path: Path) -> None:
    palette = Image.fromarray(np.eye(16, dtype=np.uint8) + 1)
    palette.putpalette([0, 0, 0, 10, 20, 30, 200, 100, 50])
    palette.save(tmp_path / "opaque.png")
    palette.save(tmp_path / "clear.png", transparency=1)
    palette.save(tmp_path / "bytes.png", transparency=bytes([255, 0, 255]))
    assert read_image(tmp_path / "opaque.png")[0, :2].tolist() == [[200, 100, 50], [10, 20, 30]]
    for name in ("clear.png", "bytes.png"):
        assert read_image(tmp_path / name)[0, :2].tolist() == [[200, 100, 50], [255, 255, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    stored = gradient()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored, 1),
    }[orientation]
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), upright)
    for decode in (False, True):
        assert probe_image(tmp_path / "a.png", decode=decode) == upright.shape[:2]


def test_exif_rotated_jpeg_is_probed_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(gradient(40, 64)).save(tmp_path / "a.jpg", exif=exif)
    assert probe_image(tmp_path / "a.jpg", decode=True) == (64, 40)
    assert read_image(tmp_path / "a.jpg").shape == (64, 40, 3)


def test_nonsense_orientation_and_damaged_exif_are_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    Image.fromarray(gradient()).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), gradient())
    Image.fromarray(gradient()).save(tmp_path / "b.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read_image(tmp_path / "b.jpg").shape == (20, 30, 3)


def test_content_decides_when_the_extension_is_wrong(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.jpg", format="PNG")
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), gradient())


def test_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (20, 20), (255, 0, 0)), Image.new("RGB", (20, 20), (0, 0, 255))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert read_image(tmp_path / "a.gif")[5, 5].tolist() == [255, 0, 0]


def test_one_pixel_image_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[1, 2, 3]]]
    assert probe_image(tmp_path / "a.png", decode=True) == (1, 1)


def test_zero_byte_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    for read in (read_image, probe_image):
        with pytest.raises(ImageError, match=r"a\.jpg: expected an image, found an empty file of zero bytes"):
            read(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "tif", "webp"])
def test_truncated_file_is_found_by_reading_and_by_a_decoding_probe(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format={"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 6 // 10])
    with pytest.raises(ImageError, match="To do"):
        read_image(path)
    with pytest.raises(ImageError, match=path.name):
        probe_image(path, decode=True)


def test_error_keeps_its_parts_for_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("this is a letter, not a photograph")
    with pytest.raises(ImageError) as caught:
        read_image(tmp_path / "a.jpg")
    assert caught.value.path == tmp_path / "a.jpg"
    assert caught.value.found == "content in no known image format"
    assert "convert" in caught.value.remedy


def test_missing_file_and_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="found no file"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="found a folder"):
        read_image(tmp_path)


def test_a_missing_file_is_told_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.JPG").touch()
    with pytest.raises(ImageError, match=r"found no file \(there is 'IMG_1.JPG'\)"):
        read_image(tmp_path / "img_1.jpg")


def test_pictures_of_iphones_are_called_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    with pytest.raises(ImageError, match=r"found a HEIC picture.*convert it to JPEG"):
        read_image(tmp_path / "a.jpg")


def test_too_large_image_names_the_setting(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    for read in (read_image, probe_image):
        assert read(tmp_path / "a.png", max_pixels=600) is not None
        with pytest.raises(ImageError, match=r"found 30x20 = 600 pixels.*raise the data setting `max_pixels`"):
            read(tmp_path / "a.png", max_pixels=599)


def test_a_decompression_bomb_is_an_error_not_a_warning_and_is_never_decoded(tmp_path: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(tmp_path / "bomb.png")
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageError, match="max_pixels"):
        read_image(tmp_path / "bomb.png", max_pixels=25_000_000)
    assert limit == Image.MAX_IMAGE_PIXELS  # the guard of other users of Pillow is back


def test_float_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((16, 16), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="32-bit float"):
        read_image(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="32-bit float"):
        probe_image(tmp_path / "a.tif", decode=True)


def test_32_bit_integers_beyond_16_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 16), 70_000, np.int32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="from 70000 to 70000"):
        read_image(tmp_path / "a.tif")


def test_names_with_spaces_quotes_and_other_scripts_are_read(tmp_path: Path) -> None:
    for name in ("a b.png", 'o\'brien "x".png', "größe 猫.png", "$(rm -rf x);&.png"):
        Image.fromarray(gradient()).save(tmp_path / name)
        assert read_image(tmp_path / name).shape == (20, 30, 3)
