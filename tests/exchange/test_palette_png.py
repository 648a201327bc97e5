from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.rle import encode_masks
from wsss_core.data.instance_truth import read_instance_truth
from wsss_core.data.labels import read_label_png
from wsss_core.exchange.palette_png import write_instance_pngs, write_palette_pngs


def test_written_maps_read_back_as_label_ids(tmp_path: Path) -> None:
    label_HW = np.array([[0, 1, 2], [20, 255, 0]], np.uint8)
    [path] = write_palette_pngs([LabelRow("an image", label_HW)], tmp_path)
    with Image.open(path) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), label_HW)


def test_colours_are_those_of_voc(tmp_path: Path) -> None:
    [path] = write_palette_pngs([LabelRow("a", np.array([[1, 15, 255]], np.uint8))], tmp_path)
    with Image.open(path) as image:
        colours = np.array(image.convert("RGB"))[0].tolist()
    assert colours == [[128, 0, 0], [192, 128, 128], [224, 224, 192]]


def test_an_id_with_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_palette_pngs([LabelRow("../../escaped", np.zeros((2, 2), np.uint8))], folder)
    assert [path.parent for path in tmp_path.rglob("*.png")] == [folder]


def test_a_float_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected uint8 or uint16 labels"):
        write_palette_pngs([LabelRow("a", np.zeros((2, 2)))], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_instances_are_written_as_voc_writes_its_truth(tmp_path: Path) -> None:
    masks = np.zeros((3, 2, 4), bool)
    masks[0, :, :3] = masks[1, :, 2:] = masks[2, 0] = True
    row = InstanceRow(
        "a/b", (2, 4), np.array([5, 9, 7], np.int32), np.array([0.5, 0.75, 0], np.float32), encode_masks(masks)
    )
    [path] = write_instance_pngs([row], tmp_path)
    assert path == tmp_path / "SegmentationObject/a%2Fb.png"
    label_HW = read_label_png(tmp_path / "SegmentationClass/a%2Fb.png")
    np.testing.assert_array_equal(label_HW, [[5, 5, 9, 9]] * 2)
    truth = read_instance_truth(path, label_HW)
    np.testing.assert_array_equal(truth.object_HW, [[2, 2, 1, 1]] * 2)
    assert truth.class_ids.tolist() == [9, 5]
