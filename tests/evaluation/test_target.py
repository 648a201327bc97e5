"""What is read about the evaluated stage."""

import json
from pathlib import Path

import pytest

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.evaluation.target import read_target


def write_stage(results: Path, ref: str, kind: str, inputs: dict[str, str], **more: object) -> Path:
    experiment, stage = ref.split("/")
    folder = results / ref
    folder.mkdir(parents=True)
    record = {
        "experiment": experiment,
        "stage": stage,
        "kind": kind,
        "method": "m",
        "settings": {},
        "splits": ["train"],
    }
    (folder / "stage.json").write_text(json.dumps(record | {"inputs": inputs} | more))
    return folder


def test_trainings_upstream_are_found_through_other_stages(tmp_path: Path) -> None:
    write_stage(tmp_path, "a/data", "data", {})
    write_stage(tmp_path, "a/classifier", "classifier", {"data": "a/data"}, splits=["train_aug"])
    write_stage(tmp_path, "a/cams", "cams", {"classifier": "a/classifier", "data": "a/data"}, splits=["train", "val"])
    folder = write_stage(tmp_path, "a/seeds", "seeds", {"cams": "a/cams", "data": "a/data"})
    target = read_target(folder, "a")
    assert target.trained_on == {"train_aug"}
    assert target.name == "seeds"


def test_a_stage_of_another_experiment_keeps_its_full_name(tmp_path: Path) -> None:
    assert read_target(write_stage(tmp_path, "other/cams", "cams", {}), "mine").name == "other/cams"


@pytest.mark.parametrize(
    ("kind", "settings", "uses_tags"),
    [
        ("cams", {}, True),
        ("refined_cams", {}, True),
        ("seeds", {}, True),
        ("regions", {}, False),
        ("predictions", {"restrict_to_tags": False}, False),
        ("predictions", {"restrict_to_tags": True}, True),
    ],
)
def test_kinds_that_see_the_tags_are_known(tmp_path: Path, kind: str, settings: object, uses_tags: bool) -> None:
    folder = write_stage(tmp_path, "a/x", kind, {}, settings=settings)
    assert read_target(folder, "a").uses_tags is uses_tags


def test_absent_and_incomplete_records_are_told_apart_from_bugs(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"stage\.json cannot be read"):
        read_target(tmp_path, "a")
    folder = write_stage(tmp_path, "a/x", "cams", {}, splits=None)
    with pytest.raises(ArtifactError, match=r"stage\.json is not complete"):
        read_target(folder, "a")
