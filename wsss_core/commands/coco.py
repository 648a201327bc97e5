"""`wsss coco`: what weak supervision on MS-COCO needs and its authors do not ship: lists, tags, masks by class."""

import re
from pathlib import Path

import click
import numpy as np

from wsss_core.artifacts.atomic import write_bytes, write_text
from wsss_core.data.coco_instances import CocoImage, label_map, read_instances
from wsss_core.data.faults import DataError
from wsss_core.data.labels import encode_label_png
from wsss_core.data.voc import LIST_FOLDER
from wsss_core.exchange.cls_labels import tag_vector, write_cls_labels
from wsss_core.label_ids import RESERVED, without_reserved
from wsss_core.progress import progress
from wsss_core.settings.data import BACKGROUND

FILE_NAME = re.compile(r"instances_((?P<split>[a-z]+)\d*)")
MASK_FOLDER, TAGS_FILE, NAMES_FILE = "SegmentationClass", "cls_labels.npy", "labels.txt"


@click.command()
@click.argument("instances", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to write, usually that of the images."
)
@click.option("--masks/--no-masks", default=True, show_default=True, help="Write the masks by class.")
@click.option("--keep-empty", is_flag=True, help="List images without any object, too.")
def coco(instances: tuple[Path, ...], out: Path, masks: bool, keep_empty: bool) -> None:
    """Make lists, tags and masks from the files INSTANCES (instances_train2014.json, instances_val2014.json, ...).

    Into --out go ImageSets/Segmentation/<split>.txt, cls_labels.npy with a vector per image, labels.txt, and
    SegmentationClass/<split and year>/<image id>.png. The data method `coco` reads them.
    """
    vectors: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    for path in instances:
        folder, split = names_of(path)
        found = read_instances(path)
        if names and found.classes != names:
            raise DataError(f"{path}: expected the categories of {instances[0]}, found others; convert them apart.")
        names = found.classes
        images = [image for image in found.images if image.objects or keep_empty]
        write_text(out / LIST_FOLDER / f"{split}.txt", "".join(f"{image.image_id}\n" for image in images))
        vectors.update({image.image_id: tag_vector(image.labels, len(without_reserved(names))) for image in images})
        if masks:
            _write_masks(images, out / MASK_FOLDER / folder)
        click.echo(f"{path}: {len(images)} of {len(found.images)} images listed as {split}")
    write_cls_labels(out / TAGS_FILE, vectors)
    lines = [f"{label} {name}\n" for label, name in enumerate((BACKGROUND, *names)) if label not in RESERVED]
    write_text(out / NAMES_FILE, "".join(lines))
    click.echo(f"tags of {len(vectors)} images over {len(without_reserved(names))} classes in {out / TAGS_FILE}")


def names_of(path: Path) -> tuple[str, str]:
    """Folder of the images and split of an instance file: instances_train2014.json -> train2014, train."""
    found = FILE_NAME.fullmatch(path.stem)
    if found is None:
        raise DataError(
            f"{path}: expected a name such as instances_train2014.json, from which split and folder are taken; "
            "rename the file"
        )
    return found[1], found["split"]


def _write_masks(images: list[CocoImage], folder: Path) -> None:
    for image in progress(images, f"masks of {folder.name}", len(images)):
        write_bytes(folder / f"{image.image_id}.png", encode_label_png(label_map(image)))
