"""Small sets of photographs as people bring them, and the experiment that `wsss new` writes for them, made tiny."""

import colorsys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import yaml
from in_process import shrunk
from PIL import Image

from wsss_core.label_ids import as_labels, class_labels

SIZE_HW = (48, 64)
TINY: Mapping[str, dict] = {
    "data": {"part_size": 100},
    "classifier": {"epochs": 1, "batch": 4, "crop": 64, "longer_side": [64, 72], "validation_crop": 64},
    "cams": {"scales": [1.0, 0.5]},
    "affinity": {"epochs": 1, "batch": 4, "crop": 72},
    "refined_cams": {"log2_steps": 2},
    "segmenter": {"epochs": 1, "batch": 4, "crop": 64},
    "predictions": {"scales": [1.0]},
    "report": {"gallery_images": 3, "thumbnail_px": 64},
}


def picture(labels: Sequence[int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 RGB (H, W, 3) with a disc in the colour of each label (from 1) on noise; its mask (H, W)."""
    height, width = SIZE_HW
    image_HW3 = generator.integers(90, 150, (height, width, 3)).astype(np.uint8)
    mask_HW = np.zeros(SIZE_HW, np.int32)
    for place, label in enumerate(labels):
        centre = ((2 * place + 1) * width // (2 * len(labels)), int(generator.integers(16, height - 16)))
        colour = [int(255 * part) for part in colorsys.hsv_to_rgb((label * 0.381) % 1, 1, 1)]
        cv2.circle(image_HW3, centre, 10, colour, -1)
        cv2.circle(mask_HW, centre, 10, int(label), -1)
    return image_HW3, as_labels(mask_HW)


def write_photos(folder: Path, tags: Mapping[str, Sequence[str]], classes: Sequence[str]) -> None:
    """A picture `photos/<name>` and a mask `masks/<name>.png` for each name, with a disc for each tag in `classes`."""
    generator = np.random.default_rng(0)
    for name, wanted in tags.items():
        labels = class_labels(len(classes))[[list(classes).index(tag) for tag in wanted if tag in classes]].tolist()
        image_HW3, mask_HW = picture(labels, generator)
        photo, mask = folder / "photos" / name, (folder / "masks" / name).with_suffix(".png")
        for path, values in ((photo, image_HW3), (mask, mask_HW)):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(path)


def write_tags(path: Path, tags: Mapping[str, Sequence[str]]) -> None:
    """The table `file,tags`."""
    path.write_text("file,tags\n" + "".join(f"{name},{';'.join(found)}\n" for name, found in tags.items()))


def make_tiny(config: Path, results: Path, **changes: dict) -> None:
    """Shrink the experiment of a file to seconds; its results go to `results`."""
    values = yaml.safe_load(config.read_text(encoding="utf-8"))
    compute = {"device": "cpu", "training_threads": 1, "results": str(results)}
    settings = {name: {**TINY.get(name, {}), **changes.get(name, {})} for name in values["stages"]}
    config.write_text(yaml.safe_dump({**shrunk(values, **settings), "compute": compute}, sort_keys=False))
