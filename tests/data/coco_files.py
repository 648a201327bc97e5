"""Instance files in the form of MS-COCO, and their images, written for tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CATEGORIES = [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}, {"id": 90, "name": "toothbrush"}]
"""Not in the order of their ids, and with gaps, as in the real files."""
CLASSES = ("person", "car", "toothbrush")


def polygon(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    """A rectangle."""
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def annotation(image: int, category: int, segmentation: Any, area: float) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "segmentation": segmentation, "area": area, "iscrowd": 0}


def write_instances(folder: Path, split: str = "train2014", with_images: bool = False) -> Path:
    """Three images of 12 x 16 pixels: a person with a toothbrush on top, a crowd of cars, nothing."""
    names = [f"COCO_{split}_{number:012d}" for number in (9, 25, 30)]
    images = [
        {"id": number, "file_name": f"{name}.jpg", "height": 12, "width": 16} for number, name in enumerate(names)
    ]
    cars = {"size": [12, 16], "counts": [24, 12, 12 * 16 - 36]}  # the third column
    annotations = [
        annotation(0, 90, polygon(4, 4, 8, 8), 16),
        annotation(0, 1, polygon(2, 2, 10, 10), 64),
        annotation(0, 1, polygon(12, 0, 14, 2), 4),
        annotation(1, 3, cars, 12),
    ]
    path = folder / f"instances_{split}.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": CATEGORIES}))
    if with_images:
        (folder / split).mkdir()
        for name in names:
            Image.fromarray(np.zeros((12, 16, 3), np.uint8)).save(folder / split / f"{name}.jpg")
    return path
