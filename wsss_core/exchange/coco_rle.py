"""Export of label maps as COCO JSON: one RLE mask per class and image.

The form is that of COCO "stuff" annotations: `images`, `annotations` with `segmentation: {size: [H, W], counts}` in
compressed RLE (runs down the columns), and `categories` with the label ids as category ids.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.artifacts.label_maps import BACKGROUND, IGNORE, LabelRow
from wsss_core.exchange.file_names import file_name

Annotation = dict[str, object]


def encode_mask(mask_HW: np.ndarray) -> dict[str, object]:
    """COCO RLE of a bool mask (H, W): `size` [H, W] and `counts` as ASCII text."""
    if mask_HW.dtype != bool or mask_HW.ndim != 2:
        raise ValueError(f"expected a bool mask with axes (H, W), found {mask_HW.dtype} with shape {mask_HW.shape}")
    encoded = coco_mask.encode(np.asfortranarray(mask_HW, dtype=np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def annotations_of(row: LabelRow, image_number: int, first_id: int = 1) -> list[Annotation]:
    """One annotation per foreground class present in `row.label_HW`; background and ignore have none.

    `image_number`: id of the image in the JSON. `first_id`: annotation id of the first one; the rest count up.
    """
    labels = [int(label) for label in np.unique(row.label_HW) if label not in (BACKGROUND, IGNORE)]
    return [_annotation(row.label_HW == label, label, image_number, first_id + n) for n, label in enumerate(labels)]


def _annotation(mask_HW: np.ndarray, label: int, image_number: int, number: int) -> Annotation:
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return {
        "id": number,
        "image_id": image_number,
        "category_id": label,
        "segmentation": encode_mask(mask_HW),
        "area": int(mask_HW.sum()),
        "bbox": [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1],
        "iscrowd": 1,  # COCO marks RLE masks as crowds; tools that meet RLE without it expect polygons
    }


def write_coco_json(rows: Iterable[LabelRow], classes: Sequence[str], path: Path | str) -> int:
    """Write the label maps of `rows` as one COCO JSON file, atomically, one image at a time; returns the image count.

    `classes`: names by label id, background first. Images are numbered from 1; `wsss_id` keeps the image id, and
    `file_name` is the name under which `wsss export --format voc-png` writes the same image.
    """
    images: list[dict[str, object]] = []
    count = 0
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write('{"annotations": [')
        for row in rows:
            height, width = row.label_HW.shape
            name = file_name(row.image_id, ".png")
            images.append(
                {"id": len(images) + 1, "wsss_id": row.image_id, "file_name": name, "height": height, "width": width}
            )
            for annotation in annotations_of(row, len(images), count + 1):
                file.write(",\n" if count else "\n")
                file.write(json.dumps(annotation))
                count += 1
        categories = [{"id": label, "name": name} for label, name in enumerate(classes) if label != BACKGROUND]
        file.write(f'\n],\n"images": {json.dumps(images, ensure_ascii=False)},\n')
        file.write(f'"categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
    return len(images)
