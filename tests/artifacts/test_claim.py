"""One writer per output."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from wsss_core.artifacts import claim
from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.claim import Claim, claim_file, is_dead, read_claim, silence_s, sole_writer

DEAD_PID = 2**22 + 1  # above Linux's largest process number


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "BEAT_S", 0.02)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "parts" / "00003.arrow"


def leave(output: Path, other: Claim, age_s: float = 0.0) -> Path:
    """A claim as another process has left it, touched `age_s` ago."""
    path = claim_file(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(other)))
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_a_claim_lies_beside_the_output_while_it_is_held_and_says_who_holds_it(output: Path) -> None:
    with sole_writer(output, "key") as before:
        held = read_claim(claim_file(output))
        assert held is not None
        assert (before, held.pid, held.key) == (None, os.getpid(), "key")
        assert claim_file(output).parent == output.parent
    assert list(output.parent.iterdir()) == []


def test_an_error_in_the_block_gives_the_claim_back(output: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_writer(output):
        raise ZeroDivisionError
    assert not claim_file(output).exists()


def test_threads_that_want_the_same_output_work_one_after_the_other(output: Path) -> None:
    inside, most = [], []

    def work() -> None:
        with sole_writer(output):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_who_waits_says_for_whom_and_learns_what_was_made(output: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = Claim(key="k", host="node7", pid=12, space="elsewhere", slurm_job="345")
    path = leave(output, other)
    threading.Timer(0.1, path.unlink).start()
    with sole_writer(output) as before:
        assert before == other
    assert "00003.arrow.claim is being written by process 12 on node7, SLURM job 345; waiting" in caplog.text


def test_the_claim_of_a_process_that_died_here_is_taken_over_at_once(output: Path) -> None:
    leave(output, Claim(pid=DEAD_PID))
    with sole_writer(output) as before:
        assert before is None


def test_a_killed_process_leaves_a_claim_that_is_dead(output: Path) -> None:
    script = "import sys, time; from pathlib import Path; from wsss_core.artifacts.claim import sole_writer\n"
    script += "with sole_writer(Path(sys.argv[1])): print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, str(output)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        left = read_claim(claim_file(output))
        assert not is_dead(claim_file(output), left)
        process.kill()
    assert left is not None
    assert left.pid == process.pid
    assert is_dead(claim_file(output), left)


@pytest.mark.parametrize(("age_s", "expected"), [(5.0, False), (3600.0, True)])
def test_on_another_machine_only_long_silence_is_death(output: Path, age_s: float, expected: bool) -> None:
    other = Claim(pid=DEAD_PID, space="elsewhere")
    assert is_dead(leave(output, other, age_s), other) is expected


def test_a_claim_that_cannot_be_read_is_held_until_it_was_silent(output: Path) -> None:
    path = leave(output, Claim())
    path.write_text('{"key": ')
    assert read_claim(path) is None
    assert not is_dead(path, None)
    os.utime(path, (0, 0))
    assert is_dead(path, None)


def test_the_holder_breaks_the_silence(output: Path) -> None:
    with sole_writer(output):
        os.utime(claim_file(output), (0, 0))
        deadline = time.monotonic() + 20
        while silence_s(claim_file(output)) > 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert silence_s(claim_file(output)) < 100


def test_what_is_gone_was_silent_for_ever(output: Path) -> None:
    output.parent.mkdir()
    assert silence_s(claim_file(output)) == float("inf")
    assert list(output.parent.iterdir()) == []


def test_a_claim_that_was_taken_over_is_not_touched_any_more(output: Path) -> None:
    other = Claim(pid=1, space="elsewhere")
    with sole_writer(output):
        leave(output, other)
    assert read_claim(claim_file(output)) == other


def test_only_the_claim_that_was_judged_is_buried(output: Path) -> None:
    fresh = Claim(pid=1)
    path = leave(output, fresh)
    claim._bury(path, Claim(pid=2))
    assert read_claim(path) == fresh
    claim._bury(path, fresh)
    assert list(output.parent.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "parts").write_text("a file")
    with (
        pytest.raises(ArtifactError, match=r"cannot write .*00003\.arrow\.claim"),
        sole_writer(tmp_path / "parts" / "00003.arrow"),
    ):
        pass
