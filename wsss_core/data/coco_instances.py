"""The instance files of MS-COCO (`instances_train2014.json` and the like): objects by image, label maps, tags."""

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.rle import compress_counts, decode_masks
from wsss_core.data.faults import DataError
from wsss_core.label_ids import BACKGROUND, class_labels, label_type, with_reserved


@dataclass(frozen=True)
class CocoObject:
    """One object or crowd. `label`: its label id; `segmentation`: polygons, or a run-length code; `area` in pixels."""

    label: int
    segmentation: Any
    area: float


@dataclass(frozen=True)
class CocoImage:
    """One image and its objects, in the file's order."""

    image_id: str
    size_hw: tuple[int, int]
    objects: list[CocoObject] = field(default_factory=list)

    @property
    def labels(self) -> tuple[int, ...]:
        """The label ids of its objects, ascending, each once: its tags."""
        return tuple(sorted({item.label for item in self.objects}))


@dataclass(frozen=True)
class CocoInstances:
    """Names by label id from 1 (classes by ascending category id), and all images of a file."""

    classes: tuple[str, ...]
    images: tuple[CocoImage, ...]


def read_instances(path: Path) -> CocoInstances:
    """Read an instance file; ids are the names of the images without ending. Raises `DataError`.

    450 MB of JSON (train2014) take about 10 s and 4 GB of memory.
    """
    if not path.is_file():
        raise DataError(f"{path}: expected an instance file of MS-COCO, found no file. To do: correct the path.")
    try:
        content = json.loads(path.read_bytes())
        categories = sorted(content["categories"], key=lambda category: int(category["id"]))
        ids = class_labels(len(categories)).tolist()
        labels = {category["id"]: label for category, label in zip(categories, ids, strict=True)}
        images = {
            entry["id"]: CocoImage(PurePosixPath(entry["file_name"]).stem, (int(entry["height"]), int(entry["width"])))
            for entry in content["images"]
        }
        for entry in content["annotations"]:
            item = CocoObject(labels[entry["category_id"]], entry["segmentation"], float(entry["area"]))
            images[entry["image_id"]].objects.append(item)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: expected an instance file of MS-COCO (images, annotations, categories), found: {error!r}. To do: "
            "take instances_*.json of annotations_trainval2014.zip or 2017."
        ) from error
    names = with_reserved([str(category["name"]) for category in categories])
    return CocoInstances(names, tuple(images.values()))


def label_map(image: CocoImage) -> np.ndarray:
    """Label ids (H, W): objects painted from large to small, so that a small one lies on top; crowds as objects.

    Polygons become pixels as the public tools of MS-COCO do it. Nothing is 255.
    """
    label_HW = np.full(image.size_hw, BACKGROUND, label_type(max(image.labels, default=0)))
    for item in sorted(image.objects, key=lambda item: -item.area):
        label_HW[_mask(item, image)] = item.label
    return label_HW


def _mask(item: CocoObject, image: CocoImage) -> np.ndarray:
    """Bool (H, W) of an object's polygons (a list) or run-length code (`counts` as numbers or text)."""
    height, width = image.size_hw
    code = item.segmentation
    if isinstance(code, list):
        counts = coco_mask.merge(coco_mask.frPyObjects(code, height, width))["counts"]
    elif isinstance(code["counts"], list):
        counts = compress_counts(code["counts"], image.size_hw, f"image {image.image_id!r}")
    else:
        counts = code["counts"].encode()
    return decode_masks([counts], image.size_hw)[0]
