from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsss_core.cli import main
from wsss_core.commands.checks.disk import BYTES_PER_PIXEL
from wsss_core.commands.doctor import _result_kind
from wsss_core.settings.experiment import Experiment


def doctor(config: Path) -> Result:
    return CliRunner().invoke(main, ["doctor", str(config)])


def test_a_sound_experiment_passes(config: Path) -> None:
    result = doctor(config)
    assert result.exit_code == 0, result.output
    assert "0 faults" in result.output
    for topic in ("packages", "config", "24 images", "cat", "stage graph", "GB are free", "device cpu"):
        assert topic in result.output


def test_every_line_begins_with_its_level(config: Path) -> None:
    lines = [line for line in doctor(config).output.splitlines() if line and not line.startswith(" ")]
    assert {line.split()[0] for line in lines[:-1]} <= {"ok", "warning", "fault"}


def test_nothing_is_written(config: Path) -> None:
    before = sorted(config.parent.rglob("*"))
    doctor(config)
    assert sorted(config.parent.rglob("*")) == before


def test_a_mistyped_key_is_a_fault_and_ends_the_examination(config: Path) -> None:
    config.write_text(config.read_text().replace("part_size", "part_siz"))
    result = doctor(config)
    assert result.exit_code == 1
    assert "part_size" in result.output
    assert "24 images" not in result.output


def test_a_faulty_image_is_a_fault_and_the_rest_is_still_checked(photos: Path, config: Path) -> None:
    (photos / "photos/ein Bild 3.png").write_bytes(b"")
    result = doctor(config)
    assert result.exit_code == 1
    assert "1 fault," in result.output
    assert "device cpu" in result.output


def test_a_split_that_does_not_exist_is_a_fault(config: Path) -> None:
    config.write_text(config.read_text() + "  tested: {like: regions, splits: [tset]}\n")
    result = doctor(config)
    assert result.exit_code == 1
    assert "tset" in result.output


def test_files_that_a_stage_takes_must_be_there(photos: Path, config: Path) -> None:
    config.write_text(config.read_text() + f"  cams: {{method: precomputed, folder: {photos}/cams}}\n")
    (photos / "cams").mkdir()
    result = doctor(config)
    assert result.exit_code == 1
    assert "stage 'cams': folder: 24 of 24 images have no file {id}.npy" in result.output
    for path in (photos / "photos").iterdir():
        (photos / f"cams/{path.stem}.npy").write_bytes(b"")
    assert "a file for each of 24 images" in doctor(config).output


def test_cams_from_files_are_reckoned_at_image_size(config: Path) -> None:
    stages = {
        "files": {"kind": "cams", "method": "precomputed", "folder": "cams"},
        "net": {"kind": "classifier", "method": "psa", "network": "small"},
        "own": {"kind": "cams", "method": "multiscale"},
    }
    experiment = Experiment.from_config(
        {"experiment": "x", "stages": {"data": {"method": "scenes"}, **stages}}, config.parent
    )
    kinds = [_result_kind(experiment.stages[name]) for name in ("files", "own")]
    assert kinds == ["cam files", "cams"]
    assert set(kinds) <= set(BYTES_PER_PIXEL)


def test_a_missing_config_is_a_fault(tmp_path: Path) -> None:
    result = doctor(tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert "does not exist" in result.output


def test_without_data_it_says_what_it_did_not_look_at_and_which_folders_are_missing(photos: Path, config: Path) -> None:
    (photos / "tags.csv").unlink()
    config.write_text(config.read_text() + "  masks: {kind: seeds, method: precomputed, folder: nowhere}\n")
    result = doctor(config)
    assert result.exit_code == 1
    assert "warning  stage graph: which images each stage takes" in result.output
    assert "stage 'masks': folder: there is no folder" in result.output


def test_missing_weights_are_a_fault(config: Path) -> None:
    config.write_text(config.read_text() + "  classifier: {method: psa, network: small, weights: none.pth}\n")
    result = doctor(config)
    assert result.exit_code == 1
    assert "none.pth" in result.output


@pytest.mark.parametrize("device", ["cuda:9"])
def test_a_gpu_that_is_not_there_is_a_fault(config: Path, device: str) -> None:
    config.write_text(config.read_text().replace("device: cpu", f"device: {device}"))
    assert doctor(config).exit_code == 1
