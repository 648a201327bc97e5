"""Snakemake killed in the middle of a training and started again ends with the bytes of an unbroken run."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from workflow.checkout import TIMEOUT_S, command, copy_finished, environment, run

REMADE = ("seeds", "segmenter", "predictions", "evaluation", "report")


def part_bytes(folder: Path) -> dict[str, bytes]:
    """The parts of all label maps, PNG bytes and all."""
    paths = [path for stage in ("seeds", "predictions") for path in folder.glob(f"results/tiny/{stage}/parts/*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def start_and_kill(folder: Path, number: signal.Signals, whole_group: bool) -> None:
    """Start Snakemake, wait until the segmentation network has taken a step, send the signal, wait for the end."""
    started = subprocess.Popen(
        command(), cwd=folder, env=environment(folder), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not any((folder / "results/tiny/segmenter/resume").glob("state-*.json")):
            assert started.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "the training did not start"
            time.sleep(0.005)
        (os.killpg if whole_group else os.kill)(started.pid, number)
        started.wait(TIMEOUT_S)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
    assert started.returncode != 0


@pytest.mark.parametrize(
    ("number", "whole_group"),
    [
        pytest.param(signal.SIGINT, True, id="Ctrl-C in a terminal", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, False, id="SIGTERM to Snakemake", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, True, id="SIGTERM to all", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, True, id="SIGKILL to all"),
    ],
)
def test_a_killed_run_ends_with_the_same_label_maps(
    finished: Path, tmp_path: Path, number: signal.Signals, whole_group: bool
) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    for stage in REMADE:
        shutil.rmtree(folder / "results/tiny" / stage)
    start_and_kill(folder, number, whole_group)
    assert part_bytes(folder) != part_bytes(finished)
    if number == signal.SIGKILL:
        run(folder, "--unlock")
    run(folder, "--rerun-incomplete")
    assert part_bytes(folder) == part_bytes(finished)
    if whole_group:  # else the training was left to end
        assert "goes on after step" in (folder / "logs/tiny/segmenter.log").read_text()
    model = "results/tiny/segmenter/model.safetensors"
    assert (folder / model).read_bytes() == (finished / model).read_bytes()
    assert not (folder / "results/tiny/segmenter/resume").exists()
