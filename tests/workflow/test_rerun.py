"""What reruns after a change, on the real graph after a real run; and what a rerun gives."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow.checkout import CONFIG, copy_finished, copy_sources, edit_config, planned, run

from wsss_core.settings.experiment import Experiment
from wsss_core.stages.per_image import rows_of
from wsss_core.stages.plan import Plan

AFTER_SEEDS = {"segmenter", "predictions", "evaluation", "report"}
ALL_STAGES = set(Experiment.load(Path(__file__).resolve().parents[2] / CONFIG).stages)

Change = Callable[[Path], None]


def setting(**changes: object) -> Change:
    """A change of the config; `__` stands for the dot."""
    return lambda folder: edit_config(folder, {key.replace("__", "."): value for key, value in changes.items()})


def code(name: str, text: str = "\n\nADDED = 1\n") -> Change:
    """A change of the code of one module."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text() + text)

    return change


def comments_and_docstrings(folder: Path) -> None:
    for path in [*folder.glob("wsss_core/**/*.py"), *folder.glob("workflow_scripts/*.py")]:
        text = path.read_text()
        if text.startswith('"""'):
            path.write_text('"""Another text: ' + text.removeprefix('"""') + "\n# Another remark.\n")


def touch_everything(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts and "results" not in path.parts:
            os.utime(path)


def clone_beside_the_results(folder: Path) -> None:
    old = folder.rename(folder.with_name("old"))
    copy_sources(folder, old)
    for name in ("results", ".snakemake"):
        (old / name).rename(folder / name)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(comments_and_docstrings, set(), id="comments and docstrings"),
        pytest.param(touch_everything, set(), id="touch of every source"),
        pytest.param(clone_beside_the_results, set(), id="fresh clone"),
        pytest.param(setting(compute__loader_workers=1, compute__training_threads=2), set(), id="share of the machine"),
        pytest.param(
            setting(stages__classifier__log_every_steps=3, stages__segmenter__checkpoint_every_s=9),
            set(),
            id="bookkeeping of trainings",
        ),
        pytest.param(setting(stages__seeds__threshold=0.35), {"seeds", *AFTER_SEEDS}, id="threshold of the seeds"),
        pytest.param(setting(stages__seeds_strict__threshold=0.7), {"seeds_strict", "report"}, id="of the variant"),
        pytest.param(
            setting(stages__seeds__confidence=True),
            {"seeds", "seeds_strict", *AFTER_SEEDS},
            id="setting that the variant shares",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            setting(stages__seeds_bold={"like": "seeds", "threshold": 0.1}), {"seeds_bold", "report"}, id="new variant"
        ),
        pytest.param(
            setting(stages__report__title="Other"), {"report"}, id="title of the report", marks=pytest.mark.slow
        ),
        pytest.param(setting(seed=2), ALL_STAGES, id="seed"),
        pytest.param(
            code("wsss_core/seeds/argmax.py"), {"seeds", "seeds_strict", *AFTER_SEEDS}, id="code of one seeds method"
        ),
        pytest.param(
            code("wsss_core/seeds/region_vote.py"),
            {"seeds_vote", "report"},
            id="code of another one",
            marks=pytest.mark.slow,
        ),
        pytest.param(code("wsss_core/networks/deeplab_v3plus.py"), AFTER_SEEDS, id="code of the segmentation network"),
        pytest.param(
            code("wsss_core/evaluation/boundary_iou.py"), {"evaluation", "report"}, id="code of the evaluation"
        ),
        pytest.param(code("wsss_core/progress.py"), set(), id="code of the progress bar", marks=pytest.mark.slow),
        pytest.param(
            code("workflow_scripts/summary.py"),
            ALL_STAGES - {"data", "classifier", "affinity", "segmenter"},
            id="code of the summaries",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            code("wsss_core/training/loop.py"),
            ALL_STAGES - {"data", "regions"},
            id="code of the training loop",
        ),
    ],
)
def test_a_change_reruns_what_depends_on_it_and_nothing_else(
    finished: Path, tmp_path: Path, change: Change, expected: set[str]
) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    change(folder)
    assert planned(folder) == expected


def label_maps(folder: Path, experiment: str = "tiny") -> dict[tuple[str, str], bytes]:
    """Pixels of all label maps of an experiment, by stage and image."""
    return {
        (stage, row.image_id): row.label_HW.tobytes()
        for stage in ("seeds", "seeds_vote", "predictions")
        for row in rows_of(folder / "results" / experiment / stage, "seeds")
    }


def test_a_run_leaves_nothing_to_do_and_every_label_map_is_there(finished: Path) -> None:
    assert planned(finished) == set()
    assert len(label_maps(finished)) == 12 + 8 + 12


def test_a_changed_threshold_really_remakes_the_seeds_and_keeps_the_cams(finished: Path, tmp_path: Path) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    cams = folder / "results/tiny/refined_cams/parts/00000.arrow"
    before = cams.stat().st_mtime_ns
    edit_config(folder, {"stages.seeds_strict.threshold": 1.0})
    run(folder, "results/tiny/seeds_strict/stage.json")
    assert cams.stat().st_mtime_ns == before
    rows = list(rows_of(folder / "results/tiny/seeds_strict", "seeds"))
    assert len(rows) == 8
    assert all(row.label_HW.max() == 0 for row in rows)  # no score is above 1


@pytest.mark.slow
def test_results_depend_neither_on_the_part_size_nor_on_the_cores(finished: Path, tmp_path: Path) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    edit_config(folder, {"stages.data.part_size": 3})
    run(folder, "--cores", "2")
    assert label_maps(folder) == label_maps(finished)
    parts = Plan(Experiment.load(folder / CONFIG))
    assert (
        len(list((folder / "results/tiny/predictions/parts").iterdir())) == 4 == len(parts.parts(parts.find("seeds")))
    )


@pytest.mark.slow
def test_larger_parts_leave_no_smaller_ones_behind(finished: Path, tmp_path: Path) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    edit_config(folder, {"stages.data.part_size": 12})
    run(folder, "results/tiny/regions/stage.json")
    assert [path.name for path in (folder / "results/tiny/regions/parts").iterdir()] == ["00000.arrow"]
    assert len(list(rows_of(folder / "results/tiny/regions", "regions"))) == 12
