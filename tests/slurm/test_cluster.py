"""The SLURM profile on a real SLURM: scatter, retries, cancelled jobs, a lost controller, a killed Snakemake."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm.box import CONFIG, TIMEOUT_S, Box, is_installed, wait_for
from workflow.checkout import copy_sources, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="needs slurmctld, slurmd and munged (Debian: slurm-wlm munge)"),
]

RESULTS = "results/cluster"
FAIL_ONCE = """
    marker = Path("failed-once")
    if part == 1 and "regions" in request and not marker.exists():
        marker.touch()
        raise ConnectionError("the node lost its disk")
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    cluster = Box(tmp_path_factory.mktemp("s"))
    cluster.do("start")
    yield cluster
    cluster.do("clean")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run on one machine makes."""
    folder = copy_sources(tmp_path_factory.mktemp("local"))
    run(folder, config=CONFIG)
    return products(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_sources(tmp_path / "clone")


def products(folder: Path) -> dict[str, bytes]:
    """Parts, network and figures, by path."""
    paths = [
        path for pattern in ("*/parts/*.arrow", "*/model.safetensors") for path in folder.glob(f"{RESULTS}/{pattern}")
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def change_times(folder: Path) -> dict[str, int]:
    """When each part and network that is there was made."""
    return {path: (folder / path).stat().st_mtime_ns for path in products(folder)}


def jobs_of(box: Box, checkout: Path) -> list[tuple[str, str]]:
    """Number and rule of the jobs that wait or run."""
    lines = box.slurm(checkout, "squeue", "-h", "-o", "%i %k").splitlines()
    return [(line.split()[0], line.split()[1]) for line in lines]


def wsss(box: Box, checkout: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The `wsss` command of the copy."""
    return subprocess.run(
        [sys.executable, "-c", "from wsss_core.cli import main; main()", *words],
        cwd=checkout, env=box.client(checkout), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def test_parts_are_jobs_a_failed_one_is_tried_again_and_the_result_is_that_of_one_machine(
    box: Box, checkout: Path, unbroken: dict[str, bytes]
) -> None:
    script = checkout / "workflow_scripts/per_image.py"
    text = script.read_text()
    assert "    watch = Stopwatch()\n" in text
    script.write_text(text.replace("    watch = Stopwatch()\n", f"    watch = Stopwatch()\n{FAIL_ONCE}"))
    before = len(box.finished_jobs())
    said = box.run(checkout)
    assert products(checkout) == unbroken
    ended = box.finished_jobs()[before:]
    # data, classifier, evaluation, and three parts of regions, cams and seeds, one of them twice
    assert len(ended) == 13
    assert sum("JobState=FAILED" in line for line in ended) == 1
    assert said.count("Trying to restart job") == 1
    assert "SLURM status is: 'FAILED'" in said


def test_a_cancelled_training_is_submitted_again_and_goes_on_where_it_was(
    box: Box, checkout: Path, unbroken: dict[str, bytes]
) -> None:
    resume = checkout / RESULTS / "classifier/resume"
    with box.start(checkout) as process:
        wait_for(lambda: any(resume.glob("state-*.json")), "the training's first state")
        (number,) = [number for number, what in jobs_of(box, checkout) if "rule_classifier" in what]
        box.slurm(checkout, "scancel", number)
        assert process.wait(TIMEOUT_S) == 0, (checkout / "run.txt").read_text()
    assert "SLURM status is: 'CANCELLED'" in (checkout / "run.txt").read_text()
    assert "goes on after step" in (checkout / "logs/cluster/classifier.log").read_text()
    assert products(checkout) == unbroken


def test_a_controller_that_is_gone_for_a_minute_costs_nothing_but_the_time(
    box: Box, checkout: Path, unbroken: dict[str, bytes]
) -> None:
    with box.start(checkout) as process:
        wait_for(lambda: jobs_of(box, checkout), "the first job")
        box.do("lose")
        time.sleep(60)
        box.do("return")
        assert process.wait(TIMEOUT_S) == 0, (checkout / "run.txt").read_text()
    assert products(checkout) == unbroken


def test_a_killed_snakemake_leaves_jobs_that_status_shows_and_a_new_run_redoes_nothing_finished(
    box: Box, checkout: Path, unbroken: dict[str, bytes]
) -> None:
    regions = checkout / RESULTS / "regions"
    with box.start(checkout) as process:
        wait_for(lambda: (regions / "stage.json").is_file() or any(regions.glob("parts/*.arrow")), "a finished part")
        wait_for(lambda: any("classifier" in what for _, what in jobs_of(box, checkout)), "the training")
        process.kill()
    status = wsss(box, checkout, "status")
    assert "was killed" in status.stdout
    assert "rule_classifier" in status.stdout
    refused = wsss(box, checkout, "run", CONFIG, "--profile", "slurm")
    assert refused.returncode == 2
    assert "a new run would start them a second time" in refused.stderr
    wait_for(lambda: not jobs_of(box, checkout), "the end of the orphans")
    kept = change_times(checkout)
    wsss(box, checkout, "run", CONFIG, "--profile", "slurm", "--", "--unlock")
    box.run(checkout)
    assert products(checkout) == unbroken
    assert {path: change_times(checkout)[path] for path in kept} == kept
    assert len(kept) >= 2
