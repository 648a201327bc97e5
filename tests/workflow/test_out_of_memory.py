"""A job that a cluster ends for its memory is tried again with more; `fake_cluster` says what is simulated."""

import subprocess
from pathlib import Path

import pytest
from workflow.checkout import TIMEOUT_S, command, copy_sources, environment, run
from workflow.fake_cluster import NEEDS_MEMORY, FakeCluster

CONFIG = "config/test/cluster.yaml"
PART = "results/cluster/regions/parts/00001.arrow"
SCRIPT = "workflow_scripts/per_image.py"
BEFORE = "    output = part_path(context.folder, part)\n"
SNAKEMAKE_MB = 600
FIRST, SECOND, THIRD = ((400 + SNAKEMAKE_MB, 30), (600 + SNAKEMAKE_MB, 45), (900 + SNAKEMAKE_MB, 68))
"""(MB, minutes) of the attempts by config/test/cluster.yaml, whose retries ask for 1.5 times as much."""


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The part as one machine makes it."""
    folder = copy_sources(tmp_path_factory.mktemp("local") / "clone")
    run(folder, PART, config=CONFIG)
    return (folder / PART).read_bytes()


def run_on(cluster: FakeCluster, checkout: Path) -> "subprocess.CompletedProcess[str]":
    words = command(PART, "--workflow-profile", "profiles/slurm", "--latency-wait", "5", config=CONFIG)
    words += ["--wsss-slurm-init-seconds-before-status-checks", "1", "--jobs", "1"]
    own = cluster.environment(environment(checkout))
    return subprocess.run(
        words, cwd=checkout, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S,
        check=False,
    )  # fmt: skip


def clone_that_needs(folder: Path, needed_mb: int) -> Path:
    """A checkout in which one part needs so much memory."""
    checkout = copy_sources(folder)
    text = (checkout / SCRIPT).read_text()
    assert text.count(BEFORE) == 1
    fault = NEEDS_MEMORY.format(part=1, kind="regions", needed_mb=needed_mb).lstrip("\n")
    (checkout / SCRIPT).write_text(text.replace(BEFORE, fault + BEFORE))
    return checkout


@pytest.mark.slow
@pytest.mark.parametrize("state", ["OUT_OF_MEMORY", "FAILED"])
def test_a_job_ended_for_its_memory_is_tried_again_with_more(tmp_path: Path, unbroken: bytes, state: str) -> None:
    checkout = clone_that_needs(tmp_path / "clone", SECOND[0])
    cluster = FakeCluster.make(tmp_path / "cluster", state)
    done = run_on(cluster, checkout)
    assert done.returncode == 0, done.stdout
    assert cluster.jobs("regions") == [(*FIRST, state), (*SECOND, "COMPLETED")]
    assert f"SLURM status is: '{state}'" in done.stdout
    assert (checkout / PART).read_bytes() == unbroken
    assert sorted(path.name for path in (checkout / PART).parent.iterdir()) == ["00001.arrow"]


@pytest.mark.slow
def test_a_job_that_never_has_enough_fails_after_the_retries_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    checkout = clone_that_needs(tmp_path / "clone", 64_000)
    cluster = FakeCluster.make(tmp_path / "cluster", "OUT_OF_MEMORY")
    done = run_on(cluster, checkout)
    assert done.returncode == 1, done.stdout
    assert cluster.jobs("regions") == [(*amounts, "OUT_OF_MEMORY") for amounts in (FIRST, SECOND, THIRD)]
    assert not (checkout / PART).exists()
