"""Records of stages and their order."""

import json
import re
from pathlib import Path

import pytest
from fake_experiment import EXPERIMENT, INPUTS, FakeExperiment

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.report.graph import drawn_inputs, stage_graph
from wsss_core.report.stages import StageFacts, anchor, depths, in_order, read_facts


def facts(name: str, *upstream: str, kind: str = "cams") -> StageFacts:
    return StageFacts("e", name, f"e/{name}", kind, "m", Path(), {str(i): (f"e/{u}",) for i, u in enumerate(upstream)})


def test_a_record_is_read_with_its_numbers_and_inputs(tmp_path: Path) -> None:
    read = read_facts(FakeExperiment(tmp_path, 1, 1).folder("refined_cams"), EXPERIMENT)
    assert (read.name, read.kind, read.method) == ("refined_cams", "refined_cams", "random_walk")
    assert set(read.upstream) == {f"{EXPERIMENT}/{name}" for name in ("data", "cams", "affinity")}
    assert read.number("peak_memory_mb") == 1234.5
    assert read.number("device") is None
    assert read.text("device") == "cpu"
    assert read.text("absent") == ""


def test_stages_of_other_experiments_keep_their_full_names(tmp_path: Path) -> None:
    assert read_facts(FakeExperiment(tmp_path, 1, 1).folder("cams"), "mine").name == f"{EXPERIMENT}/cams"


def test_lists_of_inputs_are_taken_as_well(tmp_path: Path) -> None:
    record = {
        "experiment": "e",
        "stage": "s",
        "kind": "k",
        "method": "m",
        "inputs": {"of": ["e/a", "e/b"], "data": "e/a"},
    }
    (tmp_path / "stage.json").write_text(json.dumps(record))
    assert read_facts(tmp_path, "e").upstream == ("e/a", "e/b")


@pytest.mark.parametrize(
    ("kind", "logs"),
    [("data", "logs/e/a.log"), ("classifier", "logs/e/a.log"), ("seeds", "logs/e/a/"), ("evaluation", "logs/e/a/")],
)
def test_a_stage_says_where_its_logs_are(kind: str, logs: str) -> None:
    assert facts("a", kind=kind).logs == logs


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"experiment": 1}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "stage.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"stage\.json is not the record of a stage"):
        read_facts(tmp_path, "e")


def test_an_absent_record_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage that makes this folder first"):
        read_facts(tmp_path, "e")


def test_order_puts_every_stage_behind_its_inputs() -> None:
    listed = [facts("c", "b", "a"), facts("b", "a"), facts("x"), facts("a")]
    assert [stage.name for stage in in_order(listed)] == ["x", "a", "b", "c"]


def test_inputs_that_are_not_shown_do_not_count() -> None:
    assert depths({"e/b": ["other/a"], "e/c": ["e/b"]}) == {"e/b": 0, "e/c": 1}


def test_anchors_are_fit_for_links() -> None:
    assert anchor("other/cams") == "stage-other:cams"
    assert anchor("other/cams") != anchor("other-cams")


def test_data_are_drawn_only_where_nothing_else_is_an_input() -> None:
    stages = [facts("data", kind="data"), facts("cams", "data"), facts("seeds", "data", "cams")]
    assert drawn_inputs(stages) == {"data": (), "cams": ("data",), "seeds": ("cams",)}


@pytest.mark.parametrize("down", [False, True])
def test_graph_links_every_stage_to_its_section_and_escapes_names(down: bool) -> None:
    stages = [facts(name, *slots.values()) for name, slots in INPUTS.items()] + [facts("<b>", "cams")]
    svg = stage_graph(stages, {"cams": "val 43.2"}, {"cams": "3.0 s"}, down)
    for stage in stages:
        assert f'href="#{stage.anchor}"' in svg
    assert "val 43.2" in svg
    assert "<b>" not in svg
    assert "seeds from" in svg


def test_long_names_are_shortened_in_the_box_and_whole_in_the_title() -> None:
    name = "a_name_that_is_longer_than_any_box_is_wide"
    svg = stage_graph([facts(name)], {}, {}, False)
    assert f"<title>{name}:" in svg
    assert f">{name}</text>" not in svg


def test_no_stages_no_graph() -> None:
    assert stage_graph([], {}, {}, True) == ""


def test_a_name_too_long_for_its_box_is_drawn_with_narrow_letters() -> None:
    drawn = stage_graph([facts("seeds_cams_felzenszwalb"), facts("seeds")], {}, {}, down=False)
    (squeezed,) = re.findall(r'textLength="(\d+)"[^>]*>([^<]+)<', drawn)
    assert squeezed == ("132", "seeds_cams_felzenszwalb")
