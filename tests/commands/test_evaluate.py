from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.cli import main
from wsss_core.commands.evaluate import class_names
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.palette_png import write_palette_pngs
from wsss_core.settings.base import SettingsError


def write(folder: Path, **maps: list[list[int]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in maps.items():
        (folder / f"{name}.png").write_bytes(encode_label_png(np.array(values, np.uint8)))
    return folder


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_figures_are_pooled_over_all_pixels_of_all_images(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", a=[[0, 0, 1, 1]], b=[[1, 1, 1, 255]])
    predictions = write(tmp_path / "predictions", a=[[0, 1, 1, 1]], b=[[1, 1, 0, 2]])
    result = evaluate(predictions, "--truth", truth, "--classes", "2")
    assert result.exit_code == 0, result.output
    # background: 1 hit of 3; class 1: 4 hits of 6; class 2 is nowhere the truth is known
    assert [line.split()[-1] for line in result.output.splitlines()[2:6]] == ["33.33", "66.67", "-", "50.00"]
    assert "2 images, mIoU 50.00" in result.output


def test_a_withheld_answer_counts_as_wrong(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", a=[[1, 1, 1, 1]])
    predictions = write(tmp_path / "predictions", a=[[1, 1, 1, 255]])
    assert "mIoU 75.00" in evaluate(predictions, "--truth", truth, "--classes", 1).output


def test_classes_of_voc_are_the_default(tmp_path: Path) -> None:
    folder = write(tmp_path / "maps", a=[[0, 20]])
    result = evaluate(folder, "--truth", folder)
    assert "tvmonitor" in result.output
    assert "mIoU 100.00" in result.output


def test_names_come_from_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("background\nKatze\nMöhre\n", encoding="utf-8")
    folder = write(tmp_path / "maps", a=[[0, 1, 2]])
    result = evaluate(folder, "--truth", folder, "--classes", names)
    assert "Möhre" in result.output


def test_only_listed_images_are_scored(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", a=[[0, 1]], b=[[0, 1]])
    predictions = write(tmp_path / "predictions", a=[[0, 1]])
    ids = tmp_path / "list.txt"
    ids.write_text("a\n")
    result = evaluate(predictions, "--truth", truth, "--list", ids, "--classes", 1)
    assert "1 images, mIoU 100.00" in result.output


def test_missing_predictions_are_counted_and_listed(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", **{f"image{n}": [[0]] for n in range(9)})
    predictions = write(tmp_path / "predictions", image0=[[0]])
    result = evaluate(predictions, "--truth", truth)
    assert result.exit_code == 2
    assert "8 of 9 files are missing" in result.output
    assert "image1.png" in result.output
    assert "--list" in result.output


def test_another_size_names_both_files(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth", a=[[0, 1]])
    predictions = write(tmp_path / "predictions", a=[[0]])
    result = evaluate(predictions, "--truth", truth)
    assert result.exit_code == 2
    for expected in ("predictions/a.png", "truth/a.png", "(1, 2)", "(1, 1)"):
        assert expected in result.output


def test_a_label_beyond_the_classes_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "maps", a=[[0, 7]])
    result = evaluate(folder, "--truth", folder, "--classes", 3)
    assert result.exit_code == 2
    assert "label 7" in result.output


def test_boundaries_and_a_csv_on_request(tmp_path: Path) -> None:
    label_HW = np.zeros((40, 40), np.uint8)
    label_HW[10:30, 10:30] = 1
    folder = write(tmp_path / "maps", a=label_HW.tolist())
    table = tmp_path / "scores.csv"
    result = evaluate(folder, "--truth", folder, "--classes", 1, "--boundary", "--csv", table)
    assert result.exit_code == 0, result.output
    assert table.read_text().splitlines() == [
        "class,IoU,boundary IoU",
        "background,100.00,100.00",
        "class 1,100.00,100.00",
        "mean,100.00,100.00",
    ]


def test_exported_names_and_sub_folders_are_both_found(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth/holiday", beach=[[0, 1]]).parent
    exported = tmp_path / "exported"
    write_palette_pngs([LabelRow("holiday/beach", np.array([[0, 1]], np.uint8))], exported)
    for predictions in (exported, truth):
        assert "mIoU 100.00" in evaluate(predictions, "--truth", truth, "--classes", 1).output


@pytest.mark.parametrize("make_folder", [True, False])
def test_a_truth_without_maps_is_refused(tmp_path: Path, make_folder: bool) -> None:
    truth = tmp_path / "truth"
    if make_folder:
        truth.mkdir()
    result = evaluate(tmp_path, "--truth", truth)
    assert result.exit_code == 2
    assert "expected" in result.output


@pytest.mark.parametrize("given", ["0", "65534", "no such file"])
def test_impossible_classes_are_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="--classes"):
        class_names(given)
