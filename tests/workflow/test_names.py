"""Names that a shell, a template or a table could take for something else go through the whole workflow."""

import csv
import html
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from workflow.checkout import copy_sources, run

from wsss_core.artifacts.manifest import Manifest
from wsss_core.stages.per_image import rows_of

NAMES = (
    "$(touch pwned)",
    "`touch pwned`",
    "a; touch pwned; #",
    "a && touch pwned | b",
    'it\'s a "quote"',
    "two\nlines",
    "tab\tand,comma",
    "{wildcards.part} {{x}} {{ 7 * 7 }}",
    "*?[a-z]!~^",
    "--device",
    "back\\slash\\n",
    "%41%2e",
    "<script>alert(1)</script>",
    "Füße 猫 🐱 e\u0301",
    "deep/$HOME/& more",
    "=1+1",
)
CLASSES = ('it\'s a $(touch pwned) "cat"', "{dog} <b>\\n")
FOLDER = "photos $(touch pwned) 'of' & mine}"
STAGES = ("regions", "cams", "seeds")
CONFIG = "config/test/na $(touch pwned) 'mes'.yaml"


def draw(folder: Path, name: str, number: int) -> None:
    """A picture and its mask: a coloured block on grey."""
    image_HW3 = np.full((48, 64, 3), 90 + number, np.uint8)
    image_HW3[8 : 24 + number, 8:40] = (20, 200, 30) if number % 2 else (200, 40, 20)
    mask_HW = np.where(image_HW3[..., 1] == image_HW3[0, 0, 1], 0, 1 + number % 2).astype(np.uint8)
    for part, array in (("images", image_HW3), ("masks", mask_HW)):
        path = folder / part / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", array)[1].tobytes())


def write_experiment(folder: Path) -> None:
    """Pictures of all names, their table, and a config of the whole chain on them."""
    data = folder / FOLDER
    for number, name in enumerate(NAMES):
        draw(data, name, number)
    with open(data / "tags.csv", "w", encoding="utf-8", newline="") as file:
        rows = [
            (f"{name}.png", CLASSES[number % 2], "val" if number < 2 else "train") for number, name in enumerate(NAMES)
        ]
        csv.writer(file).writerows([("file", "label", "split"), *rows])
    where = {"images": f"{data}/images", "truth": f"{data}/masks", "tags": f"{data}/tags.csv"}
    stages = {
        "data": {"method": "folder", "classes": list(CLASSES), **where},
        "regions": {"method": "felzenszwalb"},
        "classifier": {
            "method": "psa",
            "network": "small",
            "epochs": 1,
            "longer_side": [64, 72],
            "crop": 64,
            "validation_crop": 64,
        },
        "cams": {"method": "multiscale", "scales": [1.0]},
        "seeds": {"method": "region_vote", "inputs": {"cams": "cams"}},
        "evaluation": {"inputs": {"of": ["seeds"]}},
        "report": {"gallery_images": 20, "gallery_split": "train", "thumbnail_px": 64},
    }
    values = {"experiment": "names", "compute": {"device": "cpu", "training_threads": 1}, "stages": stages}
    (folder / CONFIG).write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.mark.slow
def test_names_of_images_folders_and_classes_are_nothing_but_names(tmp_path: Path) -> None:
    folder = copy_sources(tmp_path)
    write_experiment(folder)
    run(folder, config=CONFIG)
    results = folder / "results/names"
    assert {record.image_id for record in Manifest.read(results / "data").records} == set(NAMES)
    for stage in STAGES:
        assert {row.image_id for row in rows_of(results / stage, stage)} == set(NAMES)
    page = (results / "report/report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert html.escape(NAMES[12]) in page
    assert "{{ 7 * 7 }}" in page
    assert not list(folder.rglob("pwned"))
    assert not list(Path.cwd().glob("pwned"))
    assert "Nothing to be done" in run(folder, config=CONFIG)
