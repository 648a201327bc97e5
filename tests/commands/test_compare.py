import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsss_core.cli import main


def write_evaluation(results: Path, experiment: str, name: str = "evaluation", **stages: tuple[str, dict]) -> None:
    folder = results / experiment / name
    folder.mkdir(parents=True)
    (folder / "stage.json").write_text(json.dumps({"kind": "evaluation", "experiment": experiment}))
    for stage, (kind, miou) in stages.items():
        document = {
            "stage": stage,
            "kind": kind,
            "split_order": list(miou),
            "method": "any",
            "classes": ["background", "cat"],
            "splits": {
                split: {"miou": value, "boundary_iou": 0.5, "images": 3, "iou_per_class": {"cat": value}}
                for split, value in sorted(miou.items())
            },
            "tags_used_as_input": kind != "predictions",
        }
        (folder / f"{stage}.json").write_text(json.dumps(document))


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    seeds = ("seeds", {"train": 0.5, "val": 0.52})
    predictions = ("predictions", {"val": 0.61})
    write_evaluation(
        tmp_path / "results", "quick", predictions=predictions, seeds=seeds, cams=("cams", {"train": 0.431})
    )
    write_evaluation(tmp_path / "results", "other", seeds=("seeds", {"train": None}))
    return tmp_path / "results"


def compare(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments])


def table(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    _title, text, *_remarks = result.output.split("\n\n")
    return [line.split() for line in text.splitlines()]


@pytest.mark.usefixtures("results")
def test_stages_stand_in_the_order_of_the_chain() -> None:
    head, _, *rows = table(compare("quick"))
    assert head == ["stage", "kind", "train", "val"]
    assert rows == [
        ["cams", "cams", "43.1", "-"],
        ["seeds", "seeds", "50.0", "52.0"],
        ["predictions", "predictions", "-", "61.0"],
    ]


@pytest.mark.usefixtures("results")
def test_experiments_are_told_apart_by_a_column() -> None:
    head, _, *rows = table(compare("quick/seeds", "other"))
    assert head == ["experiment", "stage", "kind", "train", "val"]
    assert rows == [["quick", "seeds", "seeds", "50.0", "52.0"], ["other", "seeds", "seeds", "-", "-"]]


@pytest.mark.usefixtures("results")
def test_a_stage_named_twice_is_listed_once() -> None:
    assert len(table(compare("quick", "quick/seeds"))) == 2 + 3


@pytest.mark.usefixtures("results")
def test_an_evaluation_stage_stands_for_all_it_evaluated() -> None:
    assert len(table(compare("quick/evaluation"))) == 2 + 3


def test_two_evaluations_of_a_stage_are_told_apart(results: Path) -> None:
    write_evaluation(results, "quick", "strict", seeds=("seeds", {"train": 0.4}))
    head, _, *rows = table(compare("quick/seeds"))
    assert head[0] == "evaluation"
    assert [row[0] for row in rows] == ["evaluation", "strict"]


@pytest.mark.usefixtures("results")
def test_other_figures_and_markdown_and_csv(tmp_path: Path) -> None:
    result = compare("quick/seeds", "--figure", "boundary_iou", "--markdown", "--csv", str(tmp_path / "table.csv"))
    assert result.output.startswith("boundary IoU in per cent")
    assert "| seeds | seeds | 50.0 | 50.0 |" in result.output
    assert (tmp_path / "table.csv").read_text() == "stage,kind,train,val\nseeds,seeds,50.0,50.0\n"


def test_notes_tags_and_reports_are_told(results: Path) -> None:
    path = results / "quick/evaluation/seeds.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"notes": ["the best threshold is at the end"]}))
    (results / "quick/report").mkdir()
    (results / "quick/report/report.html").touch()
    output = compare("quick").output
    assert "quick/seeds: the best threshold is at the end" in output
    assert "tags of the evaluated images are an input of: cams, seeds\n" in output
    assert f"Report: {results}/quick/report/report.html" in output


def test_a_config_stands_for_its_experiment(results: Path, config: Path) -> None:
    config.write_text(config.read_text().replace("experiment: pets", "experiment: quick"))
    assert len(table(compare(str(config)))) == 2 + 3


@pytest.mark.usefixtures("results")
def test_a_mistyped_stage_is_refused_with_the_nearest_name() -> None:
    result = compare("quick/seds")
    assert result.exit_code == 2
    assert "did you mean 'seeds'" in result.stderr


@pytest.mark.usefixtures("results")
def test_a_mistyped_experiment_is_refused_with_the_nearest_name() -> None:
    result = compare("quik")
    assert result.exit_code == 2
    assert "did you mean 'quick'" in result.stderr


def test_an_experiment_without_evaluation_says_so(results: Path) -> None:
    (results / "quick/evaluation/stage.json").write_text(json.dumps({"kind": "seeds"}))
    result = compare("quick")
    assert result.exit_code == 2
    assert "no finished evaluation" in result.stderr


def test_a_broken_file_is_named(results: Path) -> None:
    (results / "quick/evaluation/seeds.json").write_text('{"stage": "seeds"}')
    result = compare("quick")
    assert result.exit_code == 2
    assert "seeds.json does not hold figures" in result.stderr


def write_record(results: Path, ref: str, kind: str, method: str, **inputs: str) -> None:
    experiment, stage = ref.split("/")
    record = {"experiment": experiment, "stage": stage, "kind": kind, "method": method, "inputs": inputs}
    (results / ref).mkdir(parents=True)
    (results / ref / "stage.json").write_text(json.dumps(record))


@pytest.fixture
def chain(results: Path) -> Path:
    """Records of the stages that `quick` evaluates."""
    write_record(results, "quick/cams", "cams", "multiscale")
    write_record(results, "quick/seeds", "seeds", "argmax", cams="quick/cams")
    write_record(results, "quick/segmenter", "segmenter", "deeplab_v2", seeds="quick/seeds")
    write_record(results, "quick/predictions", "predictions", "multiscale", segmenter="quick/segmenter")
    return results


@pytest.mark.usefixtures("chain")
def test_a_matrix_has_a_row_of_maps_and_a_column_of_each_rule() -> None:
    result = compare("quick", "--matrix", "val", "--csv", "matrix.csv", "--page", "page.html")
    head, _, *rows = table(result)
    assert " ".join(head) == "maps the maps argmax argmax + deeplab_v2"
    assert rows == [["quick/cams", "-", "52.0", "61.0"]]
    assert Path("matrix.csv").read_text().splitlines()[1] == "quick/cams,-,52.0,61.0"
    page = Path("page.html").read_text()
    assert "mIoU on val" in page
    assert "argmax + deeplab_v2" in page


@pytest.mark.usefixtures("chain")
def test_a_matrix_of_an_unknown_split_names_the_nearest() -> None:
    result = compare("quick", "--matrix", "vall")
    assert result.exit_code != 0
    assert "did you mean 'val'?" in result.output
