"""A data stage of eight generated images with tags and masks, for end-to-end trainings of seconds."""

from pathlib import Path

import cv2
import numpy as np

from wsss_core.artifacts.manifest import FILE_NAME, ImageRecord, Manifest
from wsss_core.label_ids import label_type, with_reserved
from wsss_core.settings.base import Settings
from wsss_core.stages.context import StageContext

CLASSES = ("background", "red thing", "green thing")
SIZES = ((40, 48), (32, 40), (48, 33), (36, 36), (40, 48), (33, 47), (48, 48), (32, 32))


MANY_CLASSES = ("background", *with_reserved([f"class {number}" for number in range(300)]))
MANY_LABELS = (253, 302)


def write_tiny_data(folder: Path, classes: tuple[str, ...] = CLASSES, labels: tuple[int, int] = (1, 2)) -> Manifest:
    """Six training and two validation images: noise with a red or green square; the last training image is empty.

    `labels`: of the red and of the green squares.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for number, (height, width) in enumerate(SIZES):
        rng = np.random.default_rng(number)
        image_HW3 = rng.integers(60, 120, (height, width, 3), dtype=np.uint8)
        label_HW = np.zeros((height, width), label_type(labels[1]))
        label = 0 if number == 5 else labels[number % 2]
        if label:
            label_HW[6:24, 8:26] = label
            image_HW3[6:24, 8:26, number % 2] = 230
        image, mask = folder / f"image {number}.png", folder / f"mask {number}.png"
        cv2.imwrite(str(image), image_HW3[:, :, ::-1])
        cv2.imwrite(str(mask), label_HW)
        split = "train" if number < 6 else "val"
        tags = (label,) if label else ()
        records.append(
            ImageRecord(f"id{number}", str(image), height, width, (split,), number // 4, tags, truth=str(mask))
        )
    manifest = Manifest(classes, tuple(records), "generated", "tiny")
    manifest.write(folder / FILE_NAME)
    return manifest


def tiny_context(folder: Path, kind: str, settings: Settings, **inputs: Path) -> StageContext:
    """Context of stage `kind` in `folder`, on the images of `folder.parent`/data."""
    data = folder.parent / "data"
    if not (data / FILE_NAME).is_file():
        write_tiny_data(data)
    return StageContext(
        experiment="tiny",
        stage=kind,
        kind=kind,
        method="test",
        settings=settings,
        inputs={"data": data, **inputs},
        folder=folder,
        splits=("train",),
        run_key="tiny",
    )
