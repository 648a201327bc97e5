import json
from pathlib import Path

import pytest

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.commands.places import FinishedStage, finished_stage
from wsss_core.commands.steady import steady
from wsss_core.stages.provenance import combine_stats


def write_part(folder: Path, part: int, wall_s: float) -> None:
    stats = {"images": 3, "wall_s": wall_s, "images_per_s": 1.0, "peak_memory_mb": 100.5, "device": "cpu"}
    for name, data in ((f"parts/{part:05d}.arrow", b"rows"), (f"stats/{part:05d}.json", json.dumps(stats).encode())):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def finish(folder: Path) -> FinishedStage:
    stats = [json.loads(path.read_text()) for path in sorted(folder.glob("stats/*.json"))]
    (folder / "stage.json").write_text(json.dumps({"kind": "cams", **combine_stats(stats)}))
    return finished_stage(folder)


@pytest.fixture
def stage(tmp_path: Path) -> FinishedStage:
    """A stage of two parts, as a run leaves it."""
    write_part(tmp_path / "pets/cams", 0, 1.234)
    write_part(tmp_path / "pets/cams", 1, 2.345)
    return finish(tmp_path / "pets/cams")


def read(stage: FinishedStage) -> list[bytes]:
    with steady(stage):
        return [path.read_bytes() for path in sorted(stage.folder.glob("parts/*.arrow"))]


def test_a_finished_stage_can_be_read(stage: FinishedStage) -> None:
    assert read(stage) == [b"rows", b"rows"]


def test_a_part_that_is_being_made_again_is_missed(stage: FinishedStage) -> None:
    (stage.folder / "parts/00001.arrow").unlink()
    (stage.folder / "stats/00001.json").unlink()
    with pytest.raises(ArtifactError, match=r"pets/cams is being made anew.* expected 2 parts, found 1\. To do: wait"):
        read(stage)


def test_a_part_of_a_newer_run_is_found_out(stage: FinishedStage) -> None:
    write_part(stage.folder, 0, 1.235)
    with pytest.raises(ArtifactError, match=r"being made anew.* some parts are newer than stage\.json"):
        read(stage)
    read(finish(stage.folder))


def test_a_part_whose_measurements_are_not_there_yet_is_found_out(stage: FinishedStage) -> None:
    (stage.folder / "stats/00001.json").unlink()
    with pytest.raises(ArtifactError, match="2 parts and the measurements of 1"):
        read(stage)


@pytest.mark.parametrize("change", ["rewritten", "removed", "finished again"])
def test_a_run_that_begins_while_rows_are_read_is_found_out(stage: FinishedStage, change: str) -> None:
    def begin_run() -> None:
        if change == "removed":
            (stage.folder / "parts/00001.arrow").unlink()
            raise FileNotFoundError("the part that was to be read next")
        write_part(stage.folder, 0, 7.0)
        if change == "finished again":
            finish(stage.folder)

    with (
        pytest.raises(ArtifactError, match="made anew while it was read, so what was written is of two runs"),
        steady(stage),
    ):
        begin_run()


def test_other_errors_of_the_reader_stay_what_they_are(stage: FinishedStage) -> None:
    with pytest.raises(PermissionError, match="no room"), steady(stage):
        raise PermissionError("no room")


def test_results_copied_without_measurements_or_of_older_versions_can_be_read(stage: FinishedStage) -> None:
    for path in stage.folder.glob("stats/*.json"):
        path.unlink()
    assert len(read(stage)) == 2
    (stage.folder / "stage.json").write_text(json.dumps({"kind": "cams"}))
    (stage.folder / "parts/00001.arrow").unlink()
    assert len(read(finished_stage(stage.folder))) == 1
