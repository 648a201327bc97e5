"""What a dry run says: the jobs of a good experiment, the fault of a bad one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.checkout import ROOT, copy_finished, edit_config, environment, run, snakemake


def test_snakemake_finds_nothing_to_complain_about(checkout: Path) -> None:
    assert "Congratulations" in run(checkout, "--lint")


def test_the_rules_are_formatted() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snakefmt", "--check", "Snakefile", "rules"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_fresh_clone_plans_every_stage_with_a_job_per_part(checkout: Path) -> None:
    output = run(checkout, "--dry-run")
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}
    assert counts == {
        "data": 1,
        "regions": 2,
        "classifier": 1,
        "cams": 2,
        "affinity_labels": 1,
        "affinity": 1,
        "refined_cams": 2,
        "seeds": 4,
        "segmenter": 1,
        "predictions": 2,
        "summary": 8,
        "evaluation": 3,
        "evaluated": 1,
        "report": 1,
        "all": 1,
        "total": 31,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stages.seeds.treshold": 0.2}, "stage 'seeds': unknown key 'treshold'; did you mean 'threshold'?"),
        ({"stages.cams.method": "multi_scale"}, "kind cams has no method 'multi_scale'; did you mean 'multiscale'?"),
        (
            {"stages.seeds.inputs": {"cams": "refined"}},
            "there is no stage 'tiny/refined'; did you mean 'refined_cams'?",
        ),
        ({"stages.predictions.splits": ["vall"]}, "there is no split 'vall' in 'data'; did you mean 'val'?"),
        ({"stages.seeds.splits": ["val"]}, "covers only ['val']: 8 images are missing. To do: add the split"),
        ({"stages.data.method": "voc", "stages.data": {"method": "voc", "root": "/no/such"}}, "/no/such"),
        ({"stage": {}}, "unknown key 'stage'; did you mean 'stages'?"),
    ],
    ids=["key", "method", "stage", "split", "uncovered split", "missing data", "top key"],
)
def test_a_bad_config_fails_before_anything_runs_in_plain_words(
    checkout: Path, changes: dict[str, object], expected: str
) -> None:
    edit_config(checkout, changes, "config/test/bad.yaml")
    done = snakemake(checkout, "--dry-run", config="config/test/bad.yaml")
    assert done.returncode != 0
    assert "the experiment cannot run" in done.stdout
    assert expected in done.stdout
    assert "Traceback" not in done.stdout
    assert "Snakefile" not in done.stdout


def test_a_job_can_be_pasted_into_a_terminal(finished: Path, tmp_path: Path) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    output = run(folder, "--dry-run", "--printshellcmds", "--forcerun", "summary")
    line = next(text for text in output.splitlines() if "summary.py" in text and '"stage": "regions"' in text)
    about = folder / "results/tiny/regions/stage.json"
    before = about.read_bytes()
    about.unlink()
    pasted = line.partition("Shell command: ")[2]
    done = subprocess.run(pasted, shell=True, cwd=folder, env=environment(folder), check=False)
    assert done.returncode == 0
    assert about.read_bytes() == before
