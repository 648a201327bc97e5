"""What `wsss run` shows of a real run, in a terminal and elsewhere."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.checkout import CONFIG, TIMEOUT_S, copy_finished, environment, planned

STAGE = "seeds_vote"
COMMAND = [sys.executable, "-c", "from wsss_core.cli import main; main()", "run", CONFIG, "--until", STAGE]


@pytest.fixture
def unfinished(finished: Path, tmp_path: Path) -> Path:
    """A checkout in which one stage of two jobs is to do."""
    folder = copy_finished(finished, tmp_path / "copy")
    shutil.rmtree(folder / "results/tiny" / STAGE)
    return folder


def run_in_terminal(folder: Path) -> tuple[int, str]:
    """Exit code, and all that came to the terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(COMMAND, cwd=folder, env=environment(folder), stderr=theirs, stdout=theirs) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # Linux says so when the last writer has gone
            pass
        code = process.wait(TIMEOUT_S)
    os.close(ours)
    return code, said.decode()


def test_a_terminal_shows_bars_of_running_jobs_and_of_all(unfinished: Path) -> None:
    code, said = run_in_terminal(unfinished)
    assert code == 0, said
    assert f"tiny/{STAGE}, part 0  [" in said
    assert "0 of 2 jobs done" in said
    assert "\x1b[2A\x1b[J" in said
    assert f"tiny/{STAGE} done: 2 jobs" in said
    assert "\n2 of 2 jobs done" in said
    assert "Building DAG" not in said
    assert list((unfinished / "logs").glob("progress-*")) == []
    assert "report" in planned(unfinished)
    assert STAGE not in planned(unfinished)


def test_elsewhere_there_are_few_lines_and_a_failed_job_shows_its_log(unfinished: Path) -> None:
    broken = unfinished / "results/tiny/cams/parts/00000.arrow"
    broken.write_bytes(broken.read_bytes()[:100])
    quiet = {**environment(unfinished), "PYTHONWARNINGS": "ignore"}  # what libraries remark is not counted
    done = subprocess.run(COMMAND, cwd=unfinished, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "FAILED: tiny/seeds_vote, part 0" in done.stderr
    assert "00000.arrow is not a readable part" in done.stderr
    assert ".snakemake/log/" in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) < 15
