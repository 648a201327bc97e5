"""DensePose as SPML lays it out: lists, folders, masks, points; left and right in a mirror."""

import cv2
import numpy as np
import pytest

from wsss_core.data import densepose
from wsss_core.data.faults import DataError
from wsss_core.data.mirrored_classes import mirror_table
from wsss_core.settings.data import DENSEPOSE_CLASSES
from wsss_core.settings.densepose import DensePoseSettings


@pytest.fixture
def root(tmp_path):
    for number, split in enumerate(("train2014", "train2014", "val2014")):
        files = {
            f"images/{split}/p{number}.jpg": np.full((20, 24, 3), 90, np.uint8),
            f"segcls/densepose/gray/{split}/p{number}.png": np.full((20, 24), number, np.uint8),
            f"segcls/densepose_points/gray/{split}/p{number}.png": np.full((20, 24), 200, np.uint8),
        }
        for name, array in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / name), array)
    cv2.imwrite(str(tmp_path / "images/train2014/nobody.jpg"), np.zeros((20, 24, 3), np.uint8))
    return tmp_path


def test_folders_hold_the_labelled_images_of_a_split(root):
    settings = DensePoseSettings(root=str(root))
    listing = densepose.list_images(settings)
    assert (listing.ids, listing.split_names) == (("p0", "p1", "p2"), ("train", "val"))
    manifest = densepose.build(settings, listing, root / "data")
    assert manifest.classes == ("background", *DENSEPOSE_CLASSES)
    assert [record.tags for record in manifest.records] == [(), (1,), (2,)]
    assert all(record.scribbles is not None for record in manifest.records)
    assert densepose.input_files(settings) == []


def test_lists_choose_images_and_are_watched(root):
    (root / "few.txt").write_text("images/train2014/p1.jpg segcls/densepose/gray/train2014/p1.png\n")
    settings = DensePoseSettings(root=str(root), splits={"train": "few.txt"}, points=None)
    assert densepose.list_images(settings).ids == ("p1",)
    assert densepose.input_files(settings) == [root / "few.txt"]
    assert densepose.build(settings, densepose.list_images(settings), root).records[0].scribbles is None


def test_numbers_of_people_are_found_beside_the_masks(root):
    (root / "people").mkdir()
    cv2.imwrite(str(root / "people/p1.png"), np.full((20, 24), 3, np.uint8))
    settings = DensePoseSettings(root=str(root), instance_truth="people")
    records = densepose.build(settings, densepose.list_images(settings), root / "data").records
    assert [record.instance_truth for record in records] == [None, str(root / "people/p1.png"), None]


def test_a_split_that_is_nowhere_or_empty_is_an_error(root):
    with pytest.raises(DataError, match="split 'test': expected the folder of its images or a list"):
        densepose.list_images(DensePoseSettings(root=str(root), splits={"test": "images/test"}))
    (root / "empty").mkdir()
    with pytest.raises(DataError, match="expected labelled images"):
        densepose.list_images(DensePoseSettings(root=str(root), splits={"train": "empty"}))


def test_left_and_right_change_places_and_twice_is_nothing():
    table = mirror_table(("background", *DENSEPOSE_CLASSES))
    assert table[:15].tolist() == [0, 1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14]
    assert np.array_equal(table[table], np.arange(256))
    assert np.array_equal(mirror_table(("background", "left shoe")), np.arange(256))
