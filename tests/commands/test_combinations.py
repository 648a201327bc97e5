"""Rows are maps, columns what was made of them, found by following the stages' records."""

import json
from pathlib import Path

import pytest

from wsss_core.commands.combinations import MAPS_ALONE, TAGS_ALONE, Cell, Combination, bars, combination_of, table


def write_stage(results: Path, ref: str, kind: str, method: str, **inputs: str) -> None:
    experiment, stage = ref.split("/")
    (results / ref).mkdir(parents=True)
    record = {"experiment": experiment, "stage": stage, "kind": kind, "method": method, "inputs": inputs}
    (results / ref / "stage.json").write_text(json.dumps(record))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_stage(tmp_path, "one/cams", "cams", "multiscale", classifier="one/classifier")
    write_stage(tmp_path, "two/walked", "refined_cams", "random_walk", cams="one/cams")
    write_stage(tmp_path, "two/seeds", "seeds", "sams", cams="two/walked", regions="one/regions")
    write_stage(tmp_path, "two/boxes", "seeds", "from_boxes", data="one/data")
    for name, seeds in (("chain", {"seeds": "two/seeds"}), ("boxed", {"seeds": "two/boxes"}), ("tagged", {})):
        write_stage(tmp_path, f"two/{name}", "segmenter", "mask2former" if seeds else "ws_fcn", **seeds)
        write_stage(tmp_path, f"two/of_{name}", "predictions", "multiscale", segmenter=f"two/{name}")
    write_stage(tmp_path, "two/foreign", "predictions", "precomputed", data="one/data")
    return tmp_path


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("one/cams", Combination("one/cams", MAPS_ALONE)),
        ("two/walked", Combination("two/walked", MAPS_ALONE)),
        ("two/seeds", Combination("two/walked", "sams")),
        ("two/of_chain", Combination("two/walked", "sams + mask2former")),
        ("two/of_tagged", Combination(TAGS_ALONE, "ws_fcn")),
        ("two/boxes", None),
        ("two/of_boxed", None),
        ("two/foreign", None),
    ],
)
def test_stages_are_followed_to_their_maps_across_experiments(results, ref, expected):
    assert combination_of(results, ref) == expected


def test_a_missing_stage_is_named(results):
    (results / "two/seeds/stage.json").unlink()
    with pytest.raises(FileNotFoundError, match="two/seeds"):
        combination_of(results, "two/of_chain")


def cell(maps: str, rule: str, figure: float | None) -> Cell:
    return Cell(Combination(maps, rule), figure)


CELLS = [cell("a", "argmax", 0.4), cell("b", "argmax", 0.5), cell("b", "crf", 0.55), cell("b", "argmax", 0.525)]


def test_rows_are_maps_and_columns_rules_in_order_of_appearance():
    assert table(CELLS) == (["maps", "argmax", "crf"], [["a", "40.0", "-"], ["b", "52.5 / 50.0", "55.0"]])


def test_bars_show_the_best_of_a_cell():
    assert bars(CELLS) == {"argmax": [40.0, 52.5], "crf": [None, pytest.approx(55.0)]}


def test_an_unknown_figure_is_no_bar():
    assert bars([cell("a", "argmax", None)]) == {"argmax": [None]}
    assert table([cell("a", "argmax", None)])[1] == [["a", "-"]]
