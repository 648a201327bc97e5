from pathlib import Path

import pytest

from wsss_core.commands.checks import disk
from wsss_core.commands.checks.disk import check_disk, estimated_bytes


@pytest.mark.parametrize(
    ("free", "level"), [(2000, "ok"), (1000, "ok"), (999, "warning"), (100, "warning"), (99, "fault")]
)
def test_little_room_warns_and_far_too_little_stops(tmp_path: Path, free: int, level: str) -> None:
    [finding] = check_disk(tmp_path, 1000, free)
    assert finding.level == level
    assert bool(finding.remedy) == (level != "ok")


def test_a_folder_that_is_not_there_yet_is_looked_up_at_its_parent(tmp_path: Path) -> None:
    [finding] = check_disk(tmp_path / "not" / "yet", 0)
    assert finding.level == "ok"
    assert str(tmp_path) in finding.text


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.os, "access", lambda path, mode: False)
    [finding] = check_disk(tmp_path, 0)
    assert finding.level == "fault"
    assert "cannot be written" in finding.text


def test_the_estimate_grows_with_pixels_and_networks() -> None:
    small = estimated_bytes([("cams", None), ("classifier", "small")], 10**6)
    assert estimated_bytes([("cams", None), ("classifier", "small")], 10**9) > small
    assert estimated_bytes([("cams", None), ("classifier", "resnet38")], 10**6) > small
    assert estimated_bytes([("cam files", None)], 10**6) > 5 * estimated_bytes([("cams", None)], 10**6)
    assert estimated_bytes([("report", None), ("data", None)], 10**9) == 0
