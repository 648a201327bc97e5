from pathlib import Path

import pytest

from wsss_core.commands.checks.corrections import check_corrections
from wsss_core.commands.checks.finding import Finding
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan

STAGES = {
    "data": {"method": "scenes", "train_images": 3, "val_images": 1, "classes": ["deer", "car"]},
    "masks": {"kind": "seeds", "method": "precomputed", "folder": "masks", "splits": ["train"]},
}


def plan_of(source: Path) -> Plan:
    corrected = {"kind": "seeds", "method": "corrected", "corrections": str(source), "inputs": {"seeds": "masks"}}
    stages = {**STAGES, "corrected": corrected}
    return Plan(Experiment.from_config({"experiment": "x", "stages": stages}, source.parent))


def check(source: Path) -> Finding:
    [finding] = check_corrections(plan_of(source))
    return finding


@pytest.fixture
def image_id(tmp_path: Path) -> str:
    plan = plan_of(tmp_path)
    return plan.listing(plan.find("masks")).ids[0]


def cvat(path: Path, *names: str) -> Path:
    images = "".join(f'<image id="0" name="{name}.jpg"/>' for name in names)
    path.write_text(f"<annotations>{images}</annotations>")
    return path


def test_corrections_of_images_of_the_data_are_counted(tmp_path: Path, image_id: str) -> None:
    (tmp_path / "fixed").mkdir()
    (tmp_path / f"fixed/{image_id}.png").touch()
    for source in (tmp_path / "fixed", cvat(tmp_path / "a.xml", image_id)):
        finding = check(source)
        assert (finding.level, finding.text.split(": ")[-1]) == ("ok", f"1 images of the data are in {source}")


def test_those_of_other_images_are_named_and_a_fault_where_there_is_no_other(tmp_path: Path, image_id: str) -> None:
    finding = check(cvat(tmp_path / "a.xml", image_id, "elsewhere"))
    assert finding.level == "warning"
    assert finding.text.endswith("and 1 are of no image of the data, such as:\n  elsewhere.jpg")
    assert check(cvat(tmp_path / "a.xml", "elsewhere")).level == "fault"
    (tmp_path / "fixed").mkdir()
    assert check(tmp_path / "fixed").level == "fault"
    (tmp_path / "fixed/other.png").touch()
    assert check(tmp_path / "fixed").text.endswith("  other.png")


def test_what_is_not_there_or_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    assert "there is nothing at" in check(tmp_path / "none.json").text
    (tmp_path / "a.json").write_text("{")
    assert "found no JSON" in check(tmp_path / "a.json").text
    (tmp_path / "a.txt").touch()
    assert "expected a folder of PNGs" in check(tmp_path / "a.txt").text
