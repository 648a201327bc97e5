"""Small stages for tests: a manifest of four images in two parts, their cams, and the order of a seeds stage."""

import json
from pathlib import Path

import numpy as np

from wsss_core.artifacts.cams import CamRow, encode
from wsss_core.artifacts.formats import FORMATS
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.stages.part_files import part_path
from wsss_core.stages.request import Request

SIZE_HW = (6, 8)
IDS = ("a", "b", "c", "d")
REQUEST = Request(
    experiment="x",
    stage="seeds",
    kind="seeds",
    method="argmax",
    settings={"threshold": 0.5},
    inputs={"cams": "x/cams", "data": "x/data"},
    input_kinds={"cams": "cams", "data": "data"},
    splits=("train",),
    seed=3,
)


def record(number: int, skipped: str | None = None) -> ImageRecord:
    return ImageRecord(IDS[number], f"{IDS[number]}.jpg", *SIZE_HW, ("train",), number // 2, (1,), skipped=skipped)


def cam_row(image_id: str) -> CamRow:
    """One class in the right half of the image."""
    grid = np.array([[[0.0, 1.0]]], np.float32)
    return CamRow(image_id, SIZE_HW, np.array([1], np.int32), (grid,), SIZE_HW, normalise=True)


def make_results(results: Path, skipped: dict[int, str] | None = None) -> Path:
    """Results folder with the finished stages `x/data` and `x/cams`."""
    records = tuple(record(number, (skipped or {}).get(number)) for number in range(len(IDS)))
    Manifest(("background", "thing"), records, "test", "test").write(results / "x/data/manifest.arrow")
    for part in (0, 1):
        with PartWriter(part_path(results / "x/cams", part), FORMATS["cams"].schema) as writer:
            for item in records:
                if item.part == part and item.skipped is None:
                    writer.append(encode(cam_row(item.image_id)))
    return results


def changed(**changes: object) -> Request:
    """The request with other fields."""
    return Request.from_json(json.dumps({**json.loads(REQUEST.to_json()), **changes}))
