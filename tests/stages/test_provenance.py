import json
from pathlib import Path

import pytest
from stages.stage_room import REQUEST

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.stages.measure import Stopwatch, versions
from wsss_core.stages.provenance import combine_stats, read_provenance, write_provenance

STATS = {"images": 4, "wall_s": 2.0, "images_per_s": 2.0, "peak_memory_mb": 10.0, "device": "cpu"}


def test_stage_json_says_how_the_result_came_about(tmp_path: Path) -> None:
    write_provenance(tmp_path, REQUEST, "0123abcd", STATS)
    about = read_provenance(tmp_path)
    assert (about["kind"], about["method"], about["seed"], about["code"]) == ("seeds", "argmax", 3, "0123abcd")
    assert about["settings"] == {"threshold": 0.5}
    assert about["inputs"] == {"cams": "x/cams", "data": "x/data"}
    assert about["splits"] == ["train"]
    assert {name: about[name] for name in STATS} == STATS


@pytest.mark.parametrize(
    ("text", "expected"), [(None, "cannot be read"), ("{", "cannot be read"), ("[]", "JSON object")]
)
def test_an_absent_or_broken_stage_json_says_what_to_do(tmp_path: Path, text: str | None, expected: str) -> None:
    if text is not None:
        (tmp_path / "stage.json").write_text(text)
    with pytest.raises(ArtifactError, match=expected) as error:
        read_provenance(tmp_path)
    assert "run the stage" in str(error.value)


def test_measurements_of_parts_add_up_and_memory_is_the_largest() -> None:
    other = {"images": 6, "wall_s": 3.0, "images_per_s": 2.0, "peak_memory_mb": 30.0, "device": "cuda"}
    assert combine_stats([STATS, other]) == {
        "parts": 2,
        "images": 10,
        "wall_s": 5.0,
        "images_per_s": 2.0,
        "peak_memory_mb": 30.0,
        "device": "cpu, cuda",
    }


def test_no_parts_have_no_pace_and_no_memory() -> None:
    none = combine_stats([])
    assert (none["parts"], none["images"], none["images_per_s"], none["peak_memory_mb"]) == (0, 0, None, None)


def test_a_stopwatch_measures_time_pace_and_memory() -> None:
    watch = Stopwatch()
    watch.start_s -= 2.0
    stats = watch.stats(10, "cpu")
    wall_s, pace, memory = (float(str(stats[name])) for name in ("wall_s", "images_per_s", "peak_memory_mb"))
    assert 2.0 <= wall_s < 10.0
    assert pace == pytest.approx(10 / wall_s, rel=0.01)
    assert 20 < memory < 100_000
    assert json.dumps(stats)


def test_versions_name_python_and_what_results_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsss_core.stages.measure.PACKAGES", ("numpy", "no-such-package"))
    found = versions()
    assert found["numpy"][0].isdigit()
    assert found["no-such-package"] == "not installed"
    assert found["python"].startswith("3.")
