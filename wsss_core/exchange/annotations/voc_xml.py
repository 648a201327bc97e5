"""A folder of XML annotations of PASCAL VOC, one per image: boxes with class names."""

from pathlib import Path

from wsss_core.data.voc_files import read_annotation
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage, Shape
from wsss_core.exchange.annotations.image_names import file_or_address
from wsss_core.exchange.errors import ForeignFileError

_ENDINGS = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG", ".webp", ".bmp", ".tif", ".tiff")


def voc_images(folder: Path) -> list[AnnotatedImage]:
    """One image per XML file, called as the file. Difficult objects count. Raises `ForeignFileError`, `DataError`."""
    files = sorted(folder.rglob("*.xml"))
    if not files:
        raise ForeignFileError(
            f"{folder}: expected XML annotations of PASCAL VOC, found none in the folder. To do: correct the path."
        )
    return [_read(path, folder) for path in files]


def _read(path: Path, folder: Path) -> AnnotatedImage:
    stem = path.relative_to(folder).with_suffix("").as_posix()
    # VOC counts from 1 with inclusive ends.
    shapes = tuple(Shape(name, (x0 - 1, y0 - 1, x1, y1)) for x0, y0, x1, y1, name in read_annotation(path))
    files = tuple(name + ending for name in file_or_address(stem) for ending in _ENDINGS)
    return AnnotatedImage(files, str(path), shapes=shapes)
