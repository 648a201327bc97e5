"""Figures read back from the evaluation's files."""

import csv
import io
import json
from pathlib import Path

import pytest
from fake_experiment import CLASSES, FakeExperiment

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.report.figures import COLUMNS, StageFigures, figures_of_all, flat_rows, read_figures, to_csv
from wsss_core.report.tables import (
    class_tables,
    duration,
    headline_chart,
    headline_rows,
    memory,
    node_figure,
    percent,
    plain,
    split_names,
    threshold_charts,
)
from wsss_core.settings.evaluation import PooledSettings


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, object]], dict[str, StageFigures]]:
    experiment = FakeExperiment(tmp_path_factory.mktemp("figures"), 3, 2)
    documents = {stage: experiment.evaluate(stage) for stage in ("seeds", "cams")}
    return documents, read_figures(experiment.folder("evaluation"))


def test_what_was_written_is_read(evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]]) -> None:
    documents, figures = evaluated
    assert set(figures) == {"cams", "seeds"}
    cams, document = figures["cams"], documents["cams"]
    for split in ("train", "val"):
        values = document["splits"][split]  # type: ignore[index]
        read = cams.splits[split]
        assert (read.miou, read.threshold, read.images) == (values["miou"], values["threshold"], values["images"])
        assert read.curve == (tuple(values["curve"]["thresholds"]), tuple(values["curve"]["miou"]))
        assert list(read.iou_per_class) == list(CLASSES), "in the order of the label ids"
    assert len(cams.image_scores) == 5
    assert figures["seeds"].splits["val"].curve is None


def test_figures_are_named_as_the_reporting_experiment_calls_their_stages(tmp_path: Path) -> None:
    document = {"kind": "seeds", "method": "argmax", "classes": [], "splits": {}, "split_order": []}

    def evaluation(folder: str, *stages: str) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True)
        for stage in stages:
            (path / f"{stage.replace('/', '--')}.json").write_text(json.dumps({**document, "stage": stage}))
        return path

    evaluations = [
        evaluation("x/evaluation", "cams", "seeds", "y/seeds"),
        evaluation("x/finer", "seeds"),
        evaluation("y/evaluation", "cams", "x/cams", "x/masks"),
    ]
    figures = figures_of_all(evaluations, ["seeds", "cams"], "x")
    assert [entry.stage for entry in figures[:2]] == ["seeds", "cams"], "in the order asked for"
    others = {"y/seeds", "seeds (finer)", "y/cams", "cams (y/evaluation)", "masks"}
    assert {entry.stage for entry in figures[2:]} == others


def test_flat_rows_and_csv_hold_the_same(
    evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]],
) -> None:
    rows = flat_rows(list(evaluated[1].values()), {"cams": {"train": 48.0}})
    assert [(row["stage"], row["split"], row["expected_miou"]) for row in rows] == [
        ("cams", "train", 0.48),
        ("cams", "val", None),
        ("seeds", "train", None),
        ("seeds", "val", None),
    ]
    read = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert tuple(read[0]) == COLUMNS
    assert [row["miou"] for row in read] == [str(row["miou"]) for row in rows]
    assert read[1]["expected_miou"] == ""


def test_headline_has_a_row_per_stage_and_split(
    evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]],
) -> None:
    figures = list(evaluated[1].values())
    rows = headline_rows(figures, {"seeds": {"val": 50.0}})
    assert [row.first for row in rows] == [2, 0, 2, 0]
    assert [row.expected for row in rows] == [None, None, None, 0.5]
    assert split_names(figures) == ["train", "val"]
    assert headline_chart(figures).count("<rect") == 4
    assert headline_chart([]) == ""


@pytest.fixture(scope="module")
def of_instances(tmp_path_factory: pytest.TempPathFactory) -> StageFigures:
    experiment = FakeExperiment(tmp_path_factory.mktemp("instances"), 3, 2)
    experiment.evaluate("instances")
    return read_figures(experiment.folder("evaluation"))["instances"]


def test_average_precision_is_read_and_is_the_figure_that_instances_are_known_by(of_instances: StageFigures) -> None:
    train = of_instances.splits["train"]
    assert train.ap50 is not None
    assert train.ap70 is not None
    assert list(train.ap50_per_class) == list(CLASSES[1:])
    assert of_instances.key_figure == "ap50"
    assert node_figure(of_instances) == f"train AP50 {percent(train.ap50)}"
    row = flat_rows([of_instances], {"instances": {"train": 37.7}})[0]
    assert (row["ap50"], row["expected_ap50"], row["expected_miou"]) == (train.ap50, 0.377, None)


def test_what_is_weighted_by_instances_is_read_and_flattened(tmp_path: Path) -> None:
    experiment = FakeExperiment(tmp_path, 3, 2)
    document = experiment.evaluate("seeds", PooledSettings(by_instance=True))
    row = flat_rows(list(read_figures(experiment.folder("evaluation")).values()), {})[0]
    assert row["miou_by_instance"] == document["splits"]["train"]["miou_by_instance"]  # type: ignore[index]
    assert "miou_by_instance" in to_csv([row]).splitlines()[0]


def test_only_stages_with_a_threshold_have_a_curve(
    evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]],
) -> None:
    (chart,) = threshold_charts(list(evaluated[1].values()))
    assert "cams" in chart
    assert chart.count("<circle") == chart.count("<polyline") == 2


def test_class_tables_leave_out_classes_without_any_figure(
    evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]],
) -> None:
    tables = class_tables(list(evaluated[1].values()))
    assert [table.split for table in tables] == ["train", "val"]
    for table in tables:
        assert table.stages == ("cams", "seeds")
        assert table.rows[0][0] == "background"
        assert all(any(value is not None for value in values) for _, values in table.rows)


def test_node_line_names_two_splits(evaluated: tuple[dict[str, dict[str, object]], dict[str, StageFigures]]) -> None:
    figures = evaluated[1]["cams"]
    expected = " · ".join(f"{split} {percent(figures.splits[split].miou)}" for split in ("train", "val"))
    assert node_figure(figures) == expected
    assert node_figure(None) == ""


@pytest.mark.parametrize("text", ["", "{}", '{"stage": "a"}', "[1]"])
def test_a_file_that_is_no_evaluation_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "cams.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"cams\.json does not hold figures"):
        read_figures(tmp_path)


def test_the_record_of_the_evaluation_itself_is_no_figure(tmp_path: Path) -> None:
    (tmp_path / "stage.json").write_text(json.dumps({"stage": "evaluation"}))
    assert read_figures(tmp_path) == {}


def test_numbers_are_printed_as_people_read_them() -> None:
    assert [percent(value) for value in (0.4567, 1.0, None, float("nan"))] == ["45.7", "100.0", "–", "–"]
    assert [plain(0.12345), plain(None), plain(1464.0, 9)] == ["0.123", "–", "1464"]
    assert [duration(s) for s in (8.25, 59.9, 245, 7800, None)] == ["8.2 s", "59.9 s", "4 min 5 s", "2 h 10 min", "–"]
    assert [memory(mb) for mb in (512.4, 2345, None)] == ["512 MB", "2.3 GB", "–"]
