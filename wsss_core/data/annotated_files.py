"""Tags and boxes of images from the annotations of a labelling tool."""

from collections.abc import Iterable
from pathlib import Path

from wsss_core.data.image_places import ImagePlaces
from wsss_core.data.tag_table import NamedBox, TaggedFile
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.source import read_annotations


def annotated_files(source: Path, root: Path) -> list[TaggedFile]:
    """One entry per annotated image, in the order of the file: every class named is a tag, every box is kept.

    `root`: folder of the images. Raises `ForeignFileError` and `DataError`.
    """
    places = ImagePlaces(root)
    return [_entry(image, places) for image in read_annotations(source)]


def _entry(image: AnnotatedImage, places: ImagePlaces) -> TaggedFile:
    return TaggedFile(places.find(image.files, image.where), image.names, (), image.where, tuple(_boxes(image)))


def _boxes(image: AnnotatedImage) -> Iterable[NamedBox]:
    return ((*shape.box, shape.name) for shape in image.shapes if shape.box is not None)
