"""Training curves."""

from pathlib import Path

from fake_experiment import FakeExperiment

from wsss_core.report.history import MOST_CHARTS, MOST_POINTS, charts_of, training_charts


def step(epoch: float, **figures: float) -> dict[str, float | str]:
    return {"kind": "step", "epoch": epoch, "step": 10 * epoch, "time_s": 1.0, **figures}


def epoch(number: float, **figures: float) -> dict[str, float | str]:
    return {"kind": "epoch", "epoch": number, "step": 10 * number, "time_s": 1.0, **figures}


def test_a_training_has_charts_and_another_stage_has_none(tmp_path: Path) -> None:
    experiment = FakeExperiment(tmp_path, 1, 1)
    charts = charts_of(experiment.folder("classifier"))
    assert ["loss" in charts[0], "val_map" in charts[1], "lr" in charts[2]] == [True, True, True]
    assert charts_of(experiment.folder("cams")) == []


def test_a_figure_and_its_validation_share_a_chart() -> None:
    rows = [step(0.5, loss=3.0), step(1, loss=2.0), epoch(1, loss=2.5, val_loss=4.0), epoch(2, loss=2.0, val_loss=3.0)]
    (chart,) = training_charts(rows)
    assert chart.count("<polyline") == 2
    assert "loss: 3 at first, 2 at last" in chart, "from the rows between epochs"
    assert "val_loss: 4 at first, 3 at last" in chart


def test_mappings_texts_and_single_values_are_left_out() -> None:
    rows = [{**epoch(1, val_map=0.5), "val_ap": {"cat": 0.5}, "note": "x"}, {**epoch(2, val_map=0.6), "once": 1.0}]
    (chart,) = training_charts(rows)
    assert "val_map" in chart


def test_losses_come_first_and_there_are_at_most_six_charts() -> None:
    names = ["lr", "zeta", "alpha", "images_per_s", "loss_b", "val_miou", "loss_a", "beta"]
    charts = training_charts([step(place, **dict.fromkeys(names, place)) for place in (1.0, 2.0)])
    assert len(charts) == MOST_CHARTS
    assert [next(name for name in names if f"<figcaption>{name}<" in chart) for chart in charts] == [
        "loss_a",
        "loss_b",
        "val_miou",
        "alpha",
        "beta",
        "zeta",
    ]


def test_durations_have_no_chart() -> None:
    rows = [epoch(place, loss=1.0, step_s=0.2, val_s=0.1, images_per_s=5.0) for place in (1, 2)]
    charts = training_charts(rows)
    assert [name for chart in charts for name in ("loss", "step_s", "val_s", "images_per_s") if name in chart] == [
        "loss",
        "images_per_s",
    ]


def test_long_trainings_are_thinned_out() -> None:
    (chart,) = training_charts([step(place / 100, loss=1.0) for place in range(5000)])
    points = chart.split('points="')[1].split('"')[0].split()
    assert MOST_POINTS / 2 < len(points) <= MOST_POINTS


def test_no_history_no_charts() -> None:
    assert training_charts([]) == []
