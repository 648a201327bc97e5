"""`wsss tags`: cls_labels.npy from instance files, XML annotations or masks."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from data.coco_files import CLASSES, write_instances

from wsss_core.cli import main
from wsss_core.data.labels import encode_label_png
from wsss_core.data.voc_files import write_annotation
from wsss_core.exchange.cls_labels import read_cls_labels
from wsss_core.settings.data import VOC_CLASSES


def call(source: Path, out: Path, classes: str) -> Result:
    return CliRunner().invoke(main, ["tags", str(source), "--classes", classes, "--out", str(out)])


def found(source: Path, out: Path, classes: str) -> dict[str, list[float]]:
    result = call(source, out, classes)
    assert result.exit_code == 0, result.output
    names = VOC_CLASSES if classes == "voc" else classes.split(",")
    return {image_id: vector.tolist() for image_id, vector in read_cls_labels(out, names).items()}


def test_instance_files_give_the_tags_of_all_images(tmp_path):
    vectors = found(write_instances(tmp_path), tmp_path / "t.npy", ",".join(CLASSES))
    assert [vectors[f"COCO_train2014_0000000000{number}"] for number in ("09", "25", "30")] == [
        [1, 0, 1],
        [0, 1, 0],
        [0, 0, 0],
    ]


def test_annotations_give_the_classes_of_their_objects(tmp_path):
    named = [(1.0, 1.0, 4.0, 4.0, "cat"), (2.0, 2.0, 5.0, 5.0, "dog"), (2.0, 2.0, 5.0, 5.0, "cat")]
    (tmp_path / "2007_000032.xml").write_text(write_annotation("2007_000032", "x.jpg", (9, 9), named))
    vectors = found(tmp_path, tmp_path / "t.npy", "voc")
    assert np.flatnonzero(vectors["2007_000032"]).tolist() == [7, 11]


def test_masks_give_every_class_with_a_pixel_and_neither_background_nor_ignore(tmp_path):
    label_HW = np.array([[0, 2], [255, 2]], np.uint8)
    (tmp_path / "a.png").write_bytes(encode_label_png(label_HW))
    assert found(tmp_path, tmp_path / "t.npy", "x,y,z") == {"a": [0, 1, 0]}


def test_other_classes_than_those_given_are_refused(tmp_path):
    instances = write_instances(tmp_path)
    result = call(instances, tmp_path / "t.npy", "coco")
    assert result.exit_code == 2
    assert "expected the categories person, bicycle, car, ... (80)" in result.output
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(encode_label_png(np.full((2, 2), 9, np.uint8)))
    result = call(tmp_path / "masks", tmp_path / "t.npy", "x,y")
    assert "expected label ids up to 2, found 9" in result.output


def test_a_folder_without_annotations_is_refused(tmp_path):
    result = call(tmp_path, tmp_path / "t.npy", "voc")
    assert result.exit_code == 2
    assert "found none" in result.output


@pytest.mark.parametrize("source", ["nowhere", "nowhere.json"])
def test_a_missing_source_is_refused(tmp_path, source):
    assert call(tmp_path / source, tmp_path / "t.npy", "voc").exit_code == 2


def test_unlabelled_pixels_of_a_mask_are_no_tag_of_a_large_set(tmp_path):
    (tmp_path / "a.png").write_bytes(encode_label_png(np.array([[0, 3, 254, 302]], np.uint16)))
    result = call(tmp_path, tmp_path / "t.npy", ",".join(f"class {number}" for number in range(300)))
    assert result.exit_code == 2
    assert "found 254" in result.stderr
