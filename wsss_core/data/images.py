"""Photographs from disk: one rule for every kind of file that people really have.

| file | what happens |
|---|---|
| grey, palette, CMYK, YCbCr, 1-bit | converted to RGB |
| 16 bits per channel | scaled to 8 bits (65535 becomes 255) |
| transparency (RGBA, LA, palette or PNG key) | laid on white, as a browser page would show it |
| EXIF orientation | applied, so height and width are those of the upright picture |
| wrong extension (a PNG named .jpg) | read: the content decides, not the name |
| several frames (GIF, TIFF) | the first frame |
| 1x1 and other tiny images | read; whether a data set takes them is its setting `min_side` |
| zero bytes, truncated, no image, 32-bit float | `ImageError` |
| more pixels than `max_pixels` | `ImageError`, before any pixel is decoded |
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from wsss_core.data.image_formats import PHOTOGRAPHS
from wsss_core.data.similar_file import similar_file

_PILLOW_PIXEL_LIMIT = Image.MAX_IMAGE_PIXELS
_ORIENTATION_TAG = 0x0112
_WHITE = (255, 255, 255)
_MAX_16_BIT = 65535
_TRANSPOSE_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIC = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"mif1", b"msf1"))
_ORIENTATIONS_THAT_SWAP_AXES = (5, 6, 7, 8)


class ImageError(ValueError):
    """An image file that cannot be used. `path`, `expected`, `found` and `remedy` are kept for reports."""

    def __init__(self, path: Path | str, expected: str, found: str, remedy: str) -> None:
        self.path = Path(path)
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(f"{path}: expected {expected}, found {found}. To do: {remedy}.")


def read_image(path: Path | str, max_pixels: int | None = None) -> np.ndarray:
    """The image at `path` as uint8 RGB (H, W, 3), range 0..255, by the rules in the head of this file.

    max_pixels: largest H*W accepted, None for no limit. Raises `ImageError` (a ValueError).
    """
    path = Path(path)
    with _opened(path, max_pixels) as image, _damage_told(path):
        _decode(image)
        upright = _upright(image)
        return np.array(_to_rgb(path, upright), dtype=np.uint8)


def probe_image(path: Path | str, max_pixels: int | None = None, decode: bool = False) -> tuple[int, int]:
    """(H, W) of the upright image. With `decode` the whole file is read, so truncated files are found.

    JPEG files are decoded at an eighth of their size: all compressed data is read, few pixels are made.
    Raises `ImageError`.
    """
    path = Path(path)
    with _opened(path, max_pixels) as image, _damage_told(path):
        width, height = image.size
        if decode:
            _check_depth(path, image)
            image.draft("RGB", (width // 8, height // 8))
            _decode(image)
        swapped = _orientation(image) in _ORIENTATIONS_THAT_SWAP_AXES
        return (width, height) if swapped else (height, width)


@contextmanager
def _opened(path: Path, max_pixels: int | None) -> Iterator[Image.Image]:
    """The opened, not yet decoded image; its size is within `max_pixels`."""
    if not path.is_file():
        similar = similar_file(path)
        found = "a folder" if path.is_dir() else "no file" if similar is None else f"no file (there is {similar!r})"
        raise ImageError(path, "an image file", found, "correct the list or put the image there")
    if path.stat().st_size == 0:
        raise ImageError(
            path, "an image", "an empty file of zero bytes", "copy the image again or take it off the list"
        )
    try:
        with _damage_told(path), _without_pillow_limit(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about damaged EXIF blocks of good pictures
            image = Image.open(path, formats=PHOTOGRAPHS)
    except UnidentifiedImageError as error:
        remedy = "convert it to JPEG or PNG, or take it off the list"
        raise ImageError(path, "an image", _unknown(path), remedy) from error
    with image:
        width, height = image.size
        if max_pixels is not None and width * height > max_pixels:
            found = f"{width}x{height} = {width * height} pixels"
            remedy = "shrink the image, or raise the data setting `max_pixels` (memory and time grow with it)"
            raise ImageError(path, f"at most {max_pixels} pixels (data setting `max_pixels`)", found, remedy)
        yield image


def _unknown(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    return "a HEIC picture, as iPhones take them" if head[4:] in _HEIC else "content in no known image format"


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Switch off Pillow's own warning about large headers: `max_pixels` decides, before anything is decoded."""
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = _PILLOW_PIXEL_LIMIT


def _decode(image: Image.Image) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.filterwarnings("error", "Truncated", UserWarning)  # all that Pillow says about some TIFF files
        image.load()


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Errors of the block become `ImageError`. On damaged files Pillow's decoders raise errors of any kind."""
    try:
        yield
    except (ImageError, UnidentifiedImageError):
        raise
    except Exception as error:
        found = f"a damaged or truncated file ({error})"
        raise ImageError(path, "a complete image", found, "copy the image again or take it off the list") from error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 when there is none or the EXIF block is damaged (the picture may still be good)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # of any kind, see `_damage_told`
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(image: Image.Image) -> Image.Image:
    transpose = _TRANSPOSE_OF_ORIENTATION.get(_orientation(image))
    return image if transpose is None else image.transpose(transpose)


def _check_depth(path: Path, image: Image.Image) -> None:
    if image.mode == "F":
        found = "32-bit float pixels, whose range is unknown"
        raise ImageError(path, "8 or 16 bits per channel", found, "convert the image to 8-bit RGB")


def _to_rgb(path: Path, image: Image.Image) -> Image.Image:
    _check_depth(path, image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _from_16_bit(path, image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGBA", layer.size, (*_WHITE, 255))
        return Image.alpha_composite(page, layer).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(path: Path, image: Image.Image) -> Image.Image:
    """Scale 0..65535 to 0..255; Pillow's own conversion would clip everything above 255 to white."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > _MAX_16_BIT:
        found = f"32-bit integer pixels from {values.min()} to {values.max()}"
        raise ImageError(path, "8 or 16 bits per channel", found, "convert the image to 8-bit RGB")
    return Image.fromarray(((values * 255 + _MAX_16_BIT // 2) // _MAX_16_BIT).astype(np.uint8))
