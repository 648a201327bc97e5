"""`wsss masks`."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from wsss_core.cli import main
from wsss_core.data.labels import read_label_png


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["masks", *map(str, arguments)])


def write_masks(root: Path) -> Path:
    """What CVAT exports: a table, and masks below `SegmentationClass`, of photographs in sub-folders too."""
    for name in ("SegmentationClass/a.png", "SegmentationClass/deep/b.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 3, 3), (51, 221, 255), np.uint8)).save(root / name)
    (root / "labelmap.txt").write_text("background:0,0,0::\ncat:1,1,1::\ndog:51,221,255::\n")
    return root / "SegmentationClass"


def test_masks_keep_their_places_and_the_classes_are_told_in_order(tmp_path: Path) -> None:
    result = call(write_masks(tmp_path / "task"), "--out", tmp_path / "masks")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("classes: cat,dog\n")
    for name in ("a.png", "deep/b.png"):
        np.testing.assert_array_equal(read_label_png(tmp_path / "masks" / name), np.full((2, 3), 2))


def test_another_table_may_be_given(tmp_path: Path) -> None:
    coloured = write_masks(tmp_path / "task")
    (tmp_path / "table.txt").write_text("dog:51,221,255::\n")
    assert call(coloured, "--out", tmp_path / "masks", "--colours", tmp_path / "table.txt").exit_code == 0
    assert read_label_png(tmp_path / "masks/a.png").max() == 1


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    write_masks(tmp_path)
    (tmp_path / "empty").mkdir()
    result = call(tmp_path / "empty", "--out", tmp_path / "masks")
    assert result.exit_code == 2
    assert "expected PNGs of masks, found none" in result.output
