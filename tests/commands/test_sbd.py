"""`wsss sbd`: masks and list."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from exchange.sbd_files import write_sbd

from wsss_core.artifacts.atomic import write_bytes, write_text
from wsss_core.cli import main
from wsss_core.data.labels import encode_label_png, read_label_png

SBD = np.full((2, 3), 7, np.uint8)
OWN = np.full((2, 3), 9, np.uint8)


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """VOC 2012 with one image in train and one in val, both of them in SBD too."""
    root = tmp_path / "VOC2012"
    for split, image_id in (("train", "2007_000001"), ("val", "2007_000002")):
        write_text(root / f"ImageSets/Segmentation/{split}.txt", f"{image_id}\n")
        write_bytes(root / f"SegmentationClass/{image_id}.png", encode_label_png(OWN))
    return root


@pytest.fixture
def sbd(tmp_path: Path) -> Path:
    train = {"2007_000002": SBD, "2008_000003": SBD}
    return write_sbd(tmp_path / "SBD", train, {"2007_000001": SBD, "2008_000004": SBD})


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["sbd", *map(str, arguments)])


def test_masks_of_sbd_lie_beside_those_of_voc_which_stay_as_they_are(voc: Path, sbd: Path) -> None:
    result = call(sbd, "--voc", voc)
    assert result.exit_code == 0, result.output
    assert "2 masks of SBD and 2 of VOC written" in result.output
    found = {path.stem: read_label_png(path)[0, 0] for path in (voc / "SegmentationClassAug").iterdir()}
    assert found == {"2007_000001": 9, "2007_000002": 9, "2008_000003": 7, "2008_000004": 7}


def test_the_list_has_train_and_all_of_sbd_without_val(voc: Path, sbd: Path) -> None:
    result = call(sbd, "--voc", voc)
    ids = (voc / "ImageSets/Segmentation/train_aug.txt").read_text().split()
    assert ids == ["2007_000001", "2008_000003", "2008_000004"]
    assert "NOT voc12-trainaug-10582" in result.output
    assert "expected 10582 images, found 3" in result.output


def test_what_is_there_stays(voc: Path, sbd: Path) -> None:
    write_text(voc / "ImageSets/Segmentation/train_aug.txt", "2007_000001\n2008_000003\n2008_000004\n")
    write_bytes(voc / "SegmentationClass/2008_000003.png", encode_label_png(OWN))
    result = call(sbd, "--voc", voc, "--out", voc / "SegmentationClass")
    assert "1 masks of SBD and 0 of VOC written" in result.output
    assert "train_aug.txt stays: the 3 ids that VOC and SBD make" in result.output
    assert read_label_png(voc / "SegmentationClass/2008_000003.png")[0, 0] == 9
    write_text(voc / "ImageSets/Segmentation/train_aug.txt", "2008_000003\n")
    assert "stays: NOT the 3 ids" in call(sbd, "--voc", voc).output


def test_another_folder_is_refused(voc: Path, sbd: Path) -> None:
    result = call(sbd.parent, "--voc", voc)
    assert result.exit_code == 2
    assert "expected SBD's folder with cls, train.txt and val.txt" in result.output
    assert not (voc / "SegmentationClassAug").exists()
