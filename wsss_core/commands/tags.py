"""`wsss tags`: image tags as `cls_labels.npy`, from whatever annotations there are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np

from wsss_core.data.coco_instances import read_instances
from wsss_core.data.faults import DataError
from wsss_core.data.labels import read_label_png
from wsss_core.data.voc_files import label_id, read_annotation
from wsss_core.exchange.cls_labels import tag_vector, write_cls_labels
from wsss_core.label_ids import BACKGROUND, IGNORE, UNLABELLED, is_known, with_reserved, without_reserved
from wsss_core.settings.data import COCO_CLASSES, VOC_CLASSES

KNOWN_CLASSES = {"voc": VOC_CLASSES, "coco": COCO_CLASSES}
Labels = tuple[str, tuple[int, ...]]
"""Image id and its label ids."""


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--classes", default="voc", show_default=True, help="voc, coco, or names separated by commas.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="cls_labels.npy", show_default=True, help="File to write."
)
def tags(source: Path, classes: str, out: Path) -> None:
    """Make cls_labels.npy from SOURCE: an instance file of MS-COCO (.json), a folder of XML annotations in the form of
    VOC (difficult objects count), or a folder of label PNGs (every class with a pixel counts).

    Which of them it is, the files tell. An image's id is the name of its file without the ending.
    """
    names = KNOWN_CLASSES.get(classes) or without_reserved(name.strip() for name in classes.split(",") if name.strip())
    by_label = with_reserved(names)
    vectors = {image_id: tag_vector(labels, len(names)) for image_id, labels in read_tags(source, by_label)}
    if not vectors:
        raise DataError(f"{source}: expected XML annotations or label PNGs, found none. To do: correct the folder.")
    write_cls_labels(out, vectors)
    mean = np.mean([vector.sum() for vector in vectors.values()])
    click.echo(f"tags of {len(vectors)} images over {len(names)} classes in {out}; {mean:.2f} tags an image")


def read_tags(source: Path, classes: tuple[str, ...]) -> Iterator[Labels]:
    """The tags of every image of a source; `classes`: names of the label ids 1, 2, ... Raises `DataError`."""
    if source.is_file():
        yield from _of_instances(source, classes)
        return
    for ending, read in _READERS.items():
        paths = sorted(source.glob(f"*{ending}"))
        if paths:
            yield from ((path.stem, read(path, classes)) for path in paths)
            return


def _of_instances(path: Path, classes: tuple[str, ...]) -> Iterator[Labels]:
    found = read_instances(path)
    if found.classes != classes:
        raise DataError(
            f"{path}: expected the categories {', '.join(classes[:3])}, ... ({len(classes)}), found "
            f"{', '.join(found.classes[:3])}, ... ({len(found.classes)}); give them by --classes"
        )
    for image in found.images:
        yield image.image_id, image.labels


def _of_annotation(path: Path, classes: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted({label_id(name, classes, str(path)) for *_, name in read_annotation(path)}))


def _of_mask(path: Path, classes: tuple[str, ...]) -> tuple[int, ...]:
    labels = [int(label) for label in np.unique(read_label_png(path)) if label not in (BACKGROUND, IGNORE)]
    strange = [label for label in labels if not is_known(label, len(classes) + 1)]
    if strange:
        raise DataError(
            f"{path}: expected label ids up to {len(classes)}, found {strange[-1]}; give other --classes, or "
            f"correct the mask ({UNLABELLED} stands for unlabelled, which tags cannot say)"
        )
    return tuple(labels)


_READERS: dict[str, Callable[[Path, tuple[str, ...]], tuple[int, ...]]] = {".xml": _of_annotation, ".png": _of_mask}
"""Ending of the files of a folder -> what reads the label ids of one."""
