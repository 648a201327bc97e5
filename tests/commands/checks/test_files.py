import dataclasses
from pathlib import Path

import pytest

from wsss_core.commands.checks.files import check_files, check_folders
from wsss_core.commands.checks.finding import Finding
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.graph import Graph
from wsss_core.stages.plan import Plan

DATA = {"method": "scenes", "train_images": 7, "val_images": 2, "classes": ["deer", "car"]}


def plan_of(folder: Path, **settings: object) -> Plan:
    masks = {"kind": "seeds", "method": "precomputed", "folder": str(folder), "splits": ["train"], **settings}
    stages = {"data": DATA, "masks": masks}
    return Plan(Experiment.from_config({"experiment": "x", "stages": stages}, folder))


def check(folder: Path, skipped: tuple[str, ...] = (), **settings: object) -> list[Finding]:
    return check_files(plan_of(folder, **settings), skipped)


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    """The train images; each has a file in the folder."""
    plan = plan_of(tmp_path)
    found = plan.ids(plan.find("masks"))
    for image_id in found:
        (tmp_path / f"{image_id}.png").write_bytes(b"not opened")
    return found


def test_a_file_for_each_image_of_the_splits_is_enough(tmp_path: Path, ids: list[str]) -> None:
    [finding] = check(tmp_path)
    assert (finding.level, len(ids)) == ("ok", 7)
    assert finding.text == f"stage 'masks': folder: a file for each of 7 images in {tmp_path}"


def test_missing_files_are_counted_and_the_first_named(tmp_path: Path, ids: list[str]) -> None:
    for image_id in ids[1:]:
        (tmp_path / f"{image_id}.png").unlink()
    [finding] = check(tmp_path)
    assert finding.level == "fault"
    first, *rest = finding.text.splitlines()
    assert first.startswith("stage 'masks': folder: 6 of 7 images have no file {id}.png in")
    assert first.endswith("(the first 5):")
    assert [line.strip() for line in rest] == ids[1:6]


def test_images_that_cannot_be_used_need_no_file(tmp_path: Path, ids: list[str]) -> None:
    (tmp_path / f"{ids[0]}.png").unlink()
    assert [finding.level for finding in check(tmp_path)] == ["fault"]
    assert [finding.level for finding in check(tmp_path, skipped=(ids[0],))] == ["ok"]


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    [finding] = check(tmp_path / "nowhere")
    assert (finding.level, "there is no folder" in finding.text) == ("fault", True)


def test_without_data_only_folders_that_are_not_there_are_told(tmp_path: Path, ids: list[str]) -> None:
    [finding] = check_folders(plan_of(tmp_path / "nowhere").graph)
    assert (finding.level, "there is no folder" in finding.text) == ("fault", True)
    assert finding.remedy == "correct the path"
    assert check_folders(plan_of(tmp_path).graph) == []


def test_a_missing_public_folder_has_the_command_that_tells_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("data/VOC2012/hed")
    stage = plan_of(tmp_path).find("masks")
    settings = stage.settings.model_copy(update={"folder": folder})
    [finding] = check_folders(Graph({stage.ref: dataclasses.replace(stage, settings=settings)}))
    assert "`wsss fetch spml-regions --offline`" in finding.remedy


def test_classes_that_do_not_fit_the_data_are_a_fault(tmp_path: Path, ids: list[str]) -> None:
    finding = check(tmp_path, classes=["deer", "cat"])[-1]
    assert (finding.level, "none called 'car' among deer, cat" in finding.text) == ("fault", True)
    assert [found.level for found in check(tmp_path, classes=["car", "cat", "deer"])] == ["ok"]
