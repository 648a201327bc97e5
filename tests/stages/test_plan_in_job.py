"""The plan of a Snakemake that is nested in a job: the same answers for this job, without listing the images."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.data import folder
from wsss_core.settings.data import FolderSettings
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan

PARTS = (0, 1, 2)


def add_image(folder: Path, name: str, split: str) -> None:
    """A small photograph, and its line in the table of tags."""
    cv2.imwrite(str(folder / "images" / name), np.zeros((40, 40, 3), np.uint8))
    with (folder / "tags.csv").open("a") as table:
        table.write(f"{name},cat,{split}\n")


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    (tmp_path / "images").mkdir()
    (tmp_path / "tags.csv").write_text("file,tags,split\n")
    for number in range(5):
        add_image(tmp_path, f"{number}.png", "train" if number else "val")
    tags = str(tmp_path / "tags.csv")
    data = {"method": "folder", "images": str(tmp_path / "images"), "tags": tags, "part_size": 2}
    stages = {
        "data": data,
        "classifier": {"method": "psa", "network": "small"},
        "cams": {"method": "multiscale"},
        "seeds": {"method": "argmax", "splits": ["train"]},
    }
    values = {"experiment": "x", "compute": {"results": str(tmp_path / "results")}, "stages": stages}
    return Experiment.from_config(values, tmp_path)


def make_manifest(experiment: Experiment) -> Path:
    settings = experiment.stages["data"].settings
    assert isinstance(settings, FolderSettings)
    path = Plan(experiment).folder("x/data") / "manifest.arrow"
    folder.build(settings, folder.list_images(settings), path.parent).write(path)
    return path


def answers(plan: Plan) -> list[object]:
    """What the rules ask of the plan in a job of each stage but the data."""
    stages = [plan.find(name) for name in ("classifier", "cams", "seeds")]
    asked = [[plan.request(stage), plan.parts(stage), plan.inputs(stage), plan.ids(stage)] for stage in stages]
    return [*asked, [plan.inputs(plan.find("seeds"), [part]) for part in PARTS]]


def test_a_job_is_told_what_the_whole_run_was_told(experiment: Experiment) -> None:
    make_manifest(experiment)
    assert answers(Plan(experiment, inside_job=True)) == answers(Plan(experiment))


def test_a_job_lists_no_images(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    make_manifest(experiment)
    monkeypatch.setattr(folder, "list_images", lambda _: pytest.fail("the images were listed"))
    plan = Plan(experiment, inside_job=True)
    assert plan.parts(plan.find("cams")) == PARTS
    assert plan.splits(plan.find("cams")) == ("val", "train")


def test_a_run_in_progress_keeps_to_its_images_and_the_next_run_sees_the_new_ones(
    experiment: Experiment, tmp_path: Path
) -> None:
    make_manifest(experiment)
    for name in ("5.png", "6.png"):
        add_image(tmp_path, name, "train")
    inside, new = Plan(experiment, inside_job=True), Plan(experiment)
    assert inside.parts(inside.find("cams")) == PARTS
    assert new.parts(new.find("cams")) == (*PARTS, 3)


def test_the_job_that_makes_the_manifest_anew_does_not_believe_the_old_one(
    experiment: Experiment, tmp_path: Path
) -> None:
    make_manifest(experiment)
    add_image(tmp_path, "5.png", "test")
    inside, outside = Plan(experiment, inside_job=True), Plan(experiment)
    data = inside.find("data")
    assert inside.request(data) == outside.request(data)
    assert "test" in inside.splits(data)
    assert inside.listing_fingerprint(data) == outside.listing_fingerprint(data)


def test_without_a_manifest_a_job_lists_the_images(experiment: Experiment) -> None:
    plan = Plan(experiment, inside_job=True)
    assert plan.parts(plan.find("cams")) == PARTS


def test_a_damaged_manifest_is_named_with_the_remedy(experiment: Experiment) -> None:
    path = make_manifest(experiment)
    path.write_bytes(path.read_bytes()[:200])
    plan = Plan(experiment, inside_job=True)
    with pytest.raises(ArtifactError, match="delete it and run the data stage"):
        plan.parts(plan.find("cams"))
