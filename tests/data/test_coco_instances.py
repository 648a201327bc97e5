"""Instance files of MS-COCO."""

import json

import numpy as np
import pytest
from data.coco_files import CLASSES, write_instances
from pycocotools import mask as coco_mask

from wsss_core.data.coco_instances import CocoImage, CocoObject, label_map, read_instances
from wsss_core.data.faults import DataError
from wsss_core.settings.data import COCO_CLASSES


def test_classes_are_ranked_by_category_id_and_tags_are_their_labels(tmp_path):
    found = read_instances(write_instances(tmp_path))
    assert found.classes == CLASSES
    assert [image.labels for image in found.images] == [(1, 3), (2,), ()]
    assert found.images[0].image_id == "COCO_train2014_000000000009"
    assert found.images[0].size_hw == (12, 16)


def test_small_objects_lie_on_large_ones_and_crowds_count(tmp_path):
    first, crowd, empty = (label_map(image) for image in read_instances(write_instances(tmp_path)).images)
    expected = np.zeros((12, 16), np.uint8)
    expected[2:10, 2:10] = 1
    expected[0:2, 12:14] = 1
    expected[4:8, 4:8] = 3
    np.testing.assert_array_equal(first, expected)
    assert (crowd[:, 2] == 2).all()
    assert crowd.astype(bool).sum() == 12
    assert not empty.any()


def test_compressed_codes_are_read_as_lists_of_runs_are():
    inside = np.zeros((7, 9), np.uint8, order="F")
    inside[2:5, 3:8] = 1
    code = coco_mask.encode(inside)
    image = CocoImage("a", (7, 9), [CocoObject(4, {**code, "counts": code["counts"].decode()}, 15.0)])
    np.testing.assert_array_equal(label_map(image), 4 * inside)


@pytest.mark.parametrize(
    "content", ["{}", "no json", json.dumps({"images": [], "categories": [], "annotations": [{}]})]
)
def test_other_files_are_refused_with_what_was_expected(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(DataError, match="expected an instance file of MS-COCO"):
        read_instances(tmp_path / "x.json")
    with pytest.raises(DataError, match="found no file"):
        read_instances(tmp_path / "none.json")


def test_the_names_of_all_eighty_things_are_known():
    assert len(set(COCO_CLASSES)) == len(COCO_CLASSES) == 80
    assert (COCO_CLASSES[0], COCO_CLASSES[-1]) == ("person", "toothbrush")
