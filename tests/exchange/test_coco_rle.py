import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.rle import encode_masks
from wsss_core.exchange.coco_rle import annotations_of, encode_mask, write_coco_json

CLASSES = ("background", "cat", "dog")
RECORDS = {
    image_id: ImageRecord(image_id, f"/photos/{image_id}{ending}", 2, 2, ("train",), 0)
    for image_id, ending in (("a", ".jpg"), ("a/ö", ".JPG"), ("b", ".png"))
}
sizes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


def decode_mask(rle: dict) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools is behind NumPy 2 here
        return coco_mask.decode({"size": rle["size"], "counts": rle["counts"].encode()}).astype(bool)


@given(hnp.arrays(bool, sizes))
def test_a_mask_survives_encoding(mask_HW: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_mask(encode_mask(mask_HW)), mask_HW)


@given(hnp.arrays(np.uint8, sizes, elements=st.sampled_from([0, 1, 2, 255])))
def test_annotations_rebuild_the_foreground(label_HW: np.ndarray) -> None:
    rebuilt = np.zeros_like(label_HW)
    for annotation in annotations_of(LabelRow("a", label_HW), image_number=1):
        rebuilt[decode_mask(annotation["segmentation"])] = annotation["category_id"]
    np.testing.assert_array_equal(rebuilt, np.where(label_HW == 255, 0, label_HW))


def test_boxes_and_areas_describe_the_mask() -> None:
    label_HW = np.zeros((6, 8), np.uint8)
    label_HW[2:5, 3:7] = 2
    [annotation] = annotations_of(LabelRow("a", label_HW), image_number=4, first_id=9)
    assert annotation["bbox"] == [3, 2, 4, 3]
    assert (annotation["area"], annotation["category_id"], annotation["image_id"], annotation["id"]) == (12, 2, 4, 9)


def test_an_integer_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a bool mask"):
        encode_mask(np.zeros((2, 2), np.uint8))


def test_the_file_lists_images_annotations_and_categories(tmp_path: Path) -> None:
    first, second = np.array([[0, 1], [2, 255]], np.uint8), np.zeros((3, 2), np.uint8)
    path = tmp_path / "seeds.json"
    assert write_coco_json([LabelRow("a/ö", first), LabelRow("b", second)], RECORDS, CLASSES, path) == 2
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [image["wsss_id"] for image in content["images"]] == ["a/ö", "b"]
    assert [image["file_name"] for image in content["images"]] == ["a/ö.JPG", "b.png"]
    assert [(a["id"], a["image_id"], a["category_id"]) for a in content["annotations"]] == [(1, 1, 1), (2, 1, 2)]
    assert content["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]


def test_no_images_still_give_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    assert write_coco_json([], {}, CLASSES, path) == 0
    assert json.loads(path.read_text())["annotations"] == []


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def rows():  # type: ignore[no-untyped-def]
        yield LabelRow("a", np.zeros((2, 2), np.uint8))
        raise RuntimeError("the reader failed")

    with pytest.raises(RuntimeError, match="the reader failed"):
        write_coco_json(rows(), RECORDS, CLASSES, tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def overlapping() -> tuple[np.ndarray, InstanceRow]:
    masks = np.zeros((3, 4, 5), bool)
    masks[0, 1:3, 1:4] = masks[1, 2:, 2:] = masks[2, 0, 0] = True
    scores = np.array([0.5, 0.875, 0], np.float32)
    return masks, InstanceRow("a", (4, 5), np.array([1, 2, 1], np.int32), scores, encode_masks(masks))


def test_instances_have_an_annotation_each_the_surest_first_and_none_of_score_zero() -> None:
    masks, row = overlapping()
    first, second = annotations_of(row, image_number=3, first_id=7)
    assert (first["id"], second["id"], first["image_id"]) == (7, 8, 3)
    assert [(one["category_id"], one["score"], one["iscrowd"]) for one in (first, second)] == [
        (2, 0.875, 0),
        (1, 0.5, 0),
    ]
    assert (second["bbox"], second["area"]) == ([1, 1, 3, 2], 6)
    np.testing.assert_array_equal(decode_mask(first["segmentation"]), masks[1])  # type: ignore[arg-type]
    np.testing.assert_array_equal(decode_mask(second["segmentation"]), masks[0])  # type: ignore[arg-type]


def test_cocos_own_tools_read_the_instances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks, row = overlapping()
    write_coco_json([row], RECORDS, CLASSES, tmp_path / "x.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        coco = COCO(tmp_path / "x.json")
        found = coco.loadAnns(coco.getAnnIds(imgIds=[1], catIds=[2], iscrowd=False))
        assert coco.annToMask(found[0]).sum() == masks[1].sum()
    assert coco.imgs[1]["height"] == 4
