"""Files that the tools themselves wrote: Label Studio 1.23.2 (with its SDK 2.1.2, whose encoder made the brush masks)
and datumaro 1.13.12, which is CVAT's library of formats.

The photographs were `pets/one.png`, with masks of three classes, `pets/50% ä.png`, with an outline, a box and a tag,
and `empty.png`, looked at and without anything.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.annotated_files import annotated_files
from wsss_core.exchange.corrections import correction_reader

DATA = Path(__file__).parent.parent / "data"
CLASSES = ("background", "big cat", "Größe, klein", 'dog "x" <y>')
MASKS_HW = np.array(
    [
        [1, 1, 1, 0, 0, 0, 0, 0],
        [1, 0, 1, 0, 2, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 3, 3],
        [0, 0, 0, 0, 0, 0, 3, 3],
        [0, 1, 1, 0, 0, 0, 0, 3],
    ],
    np.uint8,
)
"""A hole, one pixel alone, a class in two pieces, objects at the border."""
OUTLINE_HW = np.zeros((6, 8), np.uint8)
OUTLINE_HW[1:3, 2:5] = 1
IDS = ("pets/one", "pets/50% ä", "empty")
WITH_MASKS = ("datumaro_coco.json", "datumaro_cvat.xml", "label_studio_local.json", "label_studio_uploads.json")


def record(image_id: str) -> ImageRecord:
    return ImageRecord(image_id, f"/home/me/photos/{image_id}.png", 6, 8, ("train",), 0)


def labels(name: str) -> dict[str, np.ndarray | None]:
    read = correction_reader(DATA / name, CLASSES, empty_is_background=True, image_ids=IDS)
    return {image_id: read(record(image_id)) for image_id in IDS}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for image_id in IDS:
        path = tmp_path / "photos" / f"{image_id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


@pytest.mark.parametrize("name", WITH_MASKS)
def test_masks_and_outlines_are_the_ones_that_were_drawn(name: str) -> None:
    found = labels(name)
    for image_id, expected_HW in zip(IDS, (MASKS_HW, OUTLINE_HW, np.zeros((6, 8))), strict=True):
        np.testing.assert_array_equal(found[image_id], expected_HW)


@pytest.mark.parametrize("name", WITH_MASKS)
def test_tags_and_boxes_find_their_photographs(photos: Path, name: str) -> None:
    entries = {entry.file: entry for entry in annotated_files(DATA / name, photos)}
    assert set(entries) == {f"{image_id}.png" for image_id in IDS}
    assert set(entries["pets/one.png"].tags or ()) == set(CLASSES[1:])
    tagged = set(CLASSES[1:]) if name != "datumaro_coco.json" else set(CLASSES[1:3])  # COCO has no tags of its own
    assert set(entries["pets/50% ä.png"].tags or ()) == tagged
    assert (entries["empty.png"].tags, entries["empty.png"].boxes) == ((), ())
    boxes = {box[-1]: box[:-1] for box in entries["pets/50% ä.png"].boxes}
    assert boxes["Größe, klein"] == pytest.approx((1, 2, 5, 5))


def test_polygons_of_label_studios_coco_find_their_photographs_by_address(photos: Path) -> None:
    entries = {entry.file: entry.tags for entry in annotated_files(DATA / "label_studio_coco.json", photos)}
    assert entries == {"pets/50% ä.png": ("big cat",), "empty.png": (), "pets/one.png": ("big cat",)}
    np.testing.assert_array_equal(labels("label_studio_coco.json")["pets/50% ä"], OUTLINE_HW)


def test_voc_boxes_of_datumaro_find_their_photograph(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "Annotations/pets").mkdir(parents=True)
    shutil.copy(DATA / "datumaro_voc.xml", tmp_path / "Annotations/pets/50% ä.xml")
    [entry] = annotated_files(tmp_path / "Annotations", photos)
    assert (entry.file, entry.tags) == ("pets/50% ä.png", ("Größe, klein",))
