"""The data method `coco`, on what `wsss coco` makes."""

import pytest
from click.testing import CliRunner
from data.coco_files import CLASSES, write_instances

from wsss_core.commands.coco import coco
from wsss_core.data.coco import build, input_files, list_images
from wsss_core.data.faults import DataError
from wsss_core.settings.data import CocoSettings


@pytest.fixture
def root(tmp_path):
    files = [str(write_instances(tmp_path, split, with_images=True)) for split in ("train2014", "val2014")]
    result = CliRunner().invoke(coco, [*files, "--out", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    return tmp_path


def settings(root, **changes: object) -> CocoSettings:
    return CocoSettings.parse({"root": str(root), "classes": list(CLASSES), "min_side": 8, **changes}, "data")


def test_images_with_objects_are_listed_with_tags_and_masks(root):
    chosen = settings(root)
    listing = list_images(chosen)
    assert listing.split_names == ("train", "val")
    manifest = build(chosen, listing, root / "stage")
    records = {record.image_id: record for record in manifest.records}
    assert sorted(records) == [
        f"COCO_{split}2014_0000000000{number}" for split in ("train", "val") for number in ("09", "25")
    ]
    first = records["COCO_train2014_000000000009"]
    assert first.tags == (1, 3)
    assert first.file.endswith("train2014/COCO_train2014_000000000009.jpg")
    assert first.truth is not None
    assert first.truth.endswith("SegmentationClass/train2014/COCO_train2014_000000000009.png")
    assert manifest.classes == ("background", *CLASSES)
    assert manifest.notes == ()  # tags and masks agree
    assert len(input_files(chosen)) == 3


def test_saliency_and_truth_are_named_where_they_exist(root):
    (root / "Saliency").mkdir()
    source = root / "SegmentationClass" / "train2014" / "COCO_train2014_000000000009.png"
    (root / "Saliency" / source.name).write_bytes(source.read_bytes())
    chosen = settings(root, saliency="Saliency", truth=None, splits={"train": "train2014"})
    records = build(chosen, list_images(chosen), root / "stage").records
    assert [record.saliency is not None for record in records] == [True, False]
    assert all(record.truth is None for record in records)


def test_lists_that_were_not_made_yet_say_how(tmp_path):
    (tmp_path / "train2014").mkdir()
    with pytest.raises(DataError, match="wsss coco annotations"):
        list_images(settings(tmp_path, splits={"train": "train2014"}))
    with pytest.raises(DataError, match="expected a folder that holds val2014"):
        list_images(settings(tmp_path))


def test_an_image_in_two_lists_is_refused(root):
    lists = root / "ImageSets" / "Segmentation"
    (lists / "val.txt").write_text((lists / "train.txt").read_text())
    with pytest.raises(DataError, match="is in the lists of train and val"):
        list_images(settings(root))


def test_an_image_without_tags_is_refused_before_any_is_opened(root):
    lists = root / "ImageSets" / "Segmentation"
    (lists / "train.txt").write_text((lists / "train.txt").read_text() + "COCO_train2014_000000000099\n")
    chosen = settings(root)
    with pytest.raises(DataError, match=r"1 images without tags:\n  'COCO_train2014_000000000099'"):
        build(chosen, list_images(chosen), root / "stage")
