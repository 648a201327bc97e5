"""`wsss coco`: lists, tags and masks from instance files."""

import pytest
from click.testing import CliRunner
from data.coco_files import CLASSES, write_instances

from wsss_core.cli import main
from wsss_core.data.labels import read_label_png
from wsss_core.exchange.cls_labels import read_cls_labels


def call(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["coco", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_one_call_makes_lists_tags_names_and_masks(tmp_path):
    files = [write_instances(tmp_path, split) for split in ("train2014", "val2014")]
    output = call(*files, "--out", tmp_path / "coco")
    assert "2 of 3 images listed as train" in output
    assert "tags of 4 images over 3 classes" in output
    vectors = read_cls_labels(tmp_path / "coco" / "cls_labels.npy", CLASSES)
    assert vectors["COCO_val2014_000000000009"].tolist() == [1, 0, 1]
    assert (tmp_path / "coco" / "labels.txt").read_text() == "0 background\n1 person\n2 car\n3 toothbrush\n"
    ids = (tmp_path / "coco" / "ImageSets" / "Segmentation" / "val.txt").read_text().split()
    assert ids == ["COCO_val2014_000000000009", "COCO_val2014_000000000025"]
    masks = tmp_path / "coco" / "SegmentationClass"
    assert sorted(path.name for path in masks.iterdir()) == ["train2014", "val2014"]
    assert read_label_png(masks / "val2014" / f"{ids[1]}.png")[0, 2] == 2


def test_images_without_objects_and_masks_are_choices(tmp_path):
    call(write_instances(tmp_path), "--out", tmp_path, "--keep-empty", "--no-masks")
    vectors = read_cls_labels(tmp_path / "cls_labels.npy", CLASSES)
    assert len(vectors) == 3
    assert not vectors["COCO_train2014_000000000030"].any()
    assert not (tmp_path / "SegmentationClass").exists()


@pytest.mark.parametrize("name", ["captions.json", "instances.json"])
def test_a_file_whose_name_tells_no_split_is_refused(tmp_path, name):
    write_instances(tmp_path).rename(tmp_path / name)
    result = CliRunner().invoke(main, ["coco", str(tmp_path / name), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "expected a name such as instances_train2014.json" in result.output


def test_files_of_different_categories_are_not_mixed(tmp_path):
    first, second = (write_instances(tmp_path, split) for split in ("train2014", "val2014"))
    second.write_text(second.read_text().replace("toothbrush", "comb"))
    result = CliRunner().invoke(main, ["coco", str(first), str(second), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "convert them apart" in result.output
