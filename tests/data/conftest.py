"""Tiny data sets on disk, made by code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss_core.data.labels import encode_label_png

MakeVoc = Callable[..., Path]


def save_photo(path: Path, height: int = 24, width: int = 32) -> Path:
    """A small smooth picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:height, 0:width]
    Image.fromarray(np.stack([x * 7, y * 9, x + y], axis=-1).astype(np.uint8)).save(path)
    return path


def save_mask(path: Path, ids: list[int], height: int = 24, width: int = 32) -> Path:
    """A label map that holds the given ids, in columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = np.array(ids, np.uint8)[np.arange(width) * len(ids) // width]
    path.write_bytes(encode_label_png(np.repeat(columns[None], height, axis=0)))
    return path


@pytest.fixture
def photo() -> Callable[..., Path]:
    """`save_photo` for the tests."""
    return save_photo


@pytest.fixture
def mask() -> Callable[..., Path]:
    """`save_mask` for the tests."""
    return save_mask


@pytest.fixture
def voc_root(tmp_path: Path) -> Path:
    """A VOC folder of four images a..d with the classes cat (1) and dog (2); d has no mask."""
    root = tmp_path / "voc"
    for image_id, ids in (("a", [0, 1]), ("b", [0, 2, 255]), ("c", [0, 1, 2])):
        save_photo(root / "JPEGImages" / f"{image_id}.jpg")
        save_mask(root / "SegmentationClass" / f"{image_id}.png", ids)
    save_photo(root / "JPEGImages" / "d.jpg")
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\n")
    (lists / "val.txt").write_text("c\n")
    (lists / "train_aug.txt").write_text("b\na\nd\n")
    return root
