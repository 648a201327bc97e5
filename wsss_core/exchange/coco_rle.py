"""Export as COCO JSON: one RLE mask (or polygons) per class and image of label maps, one per instance of instances.

`images`, `categories` with the label ids as category ids, and `annotations` with `segmentation: {size: [H, W], counts}`
in compressed RLE (runs down the columns). Those of label maps have the form of COCO "stuff", those of instances the
form of object annotations, with a `score`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.artifacts.instance_masks import trusted
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.annotations.outlines import outlines
from wsss_core.exchange.photograph_path import photograph_path
from wsss_core.exchange.shown_classes import shown_classes
from wsss_core.label_ids import is_class

Annotation = dict[str, object]
_SCORE_DIGITS = 6


def encode_mask(mask_HW: np.ndarray) -> dict[str, object]:
    """COCO RLE of a bool mask (H, W): `size` [H, W] and `counts` as ASCII text."""
    if mask_HW.dtype != bool or mask_HW.ndim != 2:
        raise ValueError(f"expected a bool mask with axes (H, W), found {mask_HW.dtype} with shape {mask_HW.shape}")
    encoded = coco_mask.encode(np.asfortranarray(mask_HW, dtype=np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def annotations_of(
    row: LabelRow | InstanceRow, image_number: int, first_id: int = 1, polygons: bool = False
) -> list[Annotation]:
    """The annotations of one image: of a label map one per foreground class present, of instances one each, surest
    first.

    Background, ignore and instances of score 0 have none. `image_number`: id of the image in the JSON. `first_id`:
    annotation id of the first one; the rest count up. `polygons`: outlines of label maps in place of RLE.
    """
    found = _of_instances(row) if isinstance(row, InstanceRow) else _of_classes(row, polygons)
    return [{"id": first_id + n, "image_id": image_number, **fields} for n, fields in enumerate(found)]


def _of_classes(row: LabelRow, polygons: bool) -> list[Annotation]:
    labels = shown_classes(row.label_HW)
    if polygons:
        return [{"category_id": label, **_outlined(row.label_HW == label), "iscrowd": 0} for label in labels]
    # COCO marks RLE masks of stuff as crowds; tools that meet RLE without it expect objects.
    return [{"category_id": label, **_shape(encode_mask(row.label_HW == label)), "iscrowd": 1} for label in labels]


def _of_instances(row: InstanceRow) -> list[Annotation]:
    found = []
    for place in trusted(row):
        rle = {"size": list(row.size_hw), "counts": row.rles[place].decode("ascii")}
        score = round(float(row.scores[place]), _SCORE_DIGITS)
        found.append({"category_id": int(row.class_ids[place]), **_shape(rle), "iscrowd": 0, "score": score})
    return found


def _shape(rle: Annotation) -> Annotation:
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle))
    return {"segmentation": rle, "area": int(coco_mask.area(rle)), "bbox": [x, y, width, height]}


def _outlined(mask_HW: np.ndarray) -> Annotation:
    polygons = [polygon.reshape(-1).tolist() for polygon in outlines(mask_HW)]
    return {**_shape(encode_mask(mask_HW)), "segmentation": polygons}


def write_coco_json(
    rows: Iterable[LabelRow | InstanceRow],
    records: Mapping[str, ImageRecord],
    classes: Sequence[str],
    path: Path | str,
    polygons: bool = False,
) -> int:
    """Write `rows` as one COCO JSON file, atomically, one image at a time; returns the image count.

    `records`: by image id. `classes`: names by label id, background first. Images are numbered from 1; `file_name` is
    the photograph below the folder of the images, and `wsss_id` keeps the image id.
    """
    images: list[dict[str, object]] = []
    count = 0
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write('{"annotations": [')
        for row in rows:
            height, width = row.size_hw if isinstance(row, InstanceRow) else row.label_HW.shape
            name = photograph_path(records[row.image_id])
            images.append(
                {"id": len(images) + 1, "wsss_id": row.image_id, "file_name": name, "height": height, "width": width}
            )
            for annotation in annotations_of(row, len(images), count + 1, polygons):
                file.write(",\n" if count else "\n")
                file.write(json.dumps(annotation))
                count += 1
        categories = [{"id": label, "name": name} for label, name in enumerate(classes) if is_class(label)]
        file.write(f'\n],\n"images": {json.dumps(images, ensure_ascii=False)},\n')
        file.write(f'"categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
    return len(images)
