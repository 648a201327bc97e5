import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wsss_core.commands.watch import watcher as module
from wsss_core.commands.watch.watcher import Watcher

STATS = {"seeds": 1, "total": 1}
JOB = (1, "seeds", {"node": "x/seeds", "part": "00000"}, ["results/x/seeds/stage.json"], ["logs/none.log"])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[io.StringIO], Watcher]]:
    """A watcher that shows something at every moment; closed at the end."""
    monkeypatch.setattr(module, "DRAW_EVERY_S", 0.001)
    monkeypatch.setattr(module, "SAY_EVERY_S", 0.001)
    made: list[Watcher] = []

    def make(stream: io.StringIO) -> Watcher:
        made.append(Watcher(tmp_path, stream))
        return made[-1]

    yield make
    for each in made:
        each.close()


def wait_for(text: str, stream: io.StringIO) -> None:
    deadline = time.monotonic() + 60
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, f"{text!r} never came: {stream.getvalue()[-500:]}"
        time.sleep(0.002)


def test_a_terminal_shows_the_running_job_with_its_status(watch: Callable, tmp_path: Path) -> None:
    stream = Terminal()
    watcher = watch(stream)
    watcher.count(STATS)
    watcher.start(*JOB)
    (tmp_path / "x/seeds").mkdir(parents=True)
    (tmp_path / "x/seeds/00000.json").write_text('{"done": 2, "total": 4, "unit": "image", "left_s": 7.0}')
    wait_for("x/seeds, part 0  [##########..........]  2 of 4 images, 0:00:07 left\n0 of 1 jobs done", stream)
    watcher.finish(1)
    watcher.close()
    last = stream.getvalue().splitlines()[-1]
    assert last.startswith("1 of 1 jobs done")
    assert "x/seeds done: 1 job" in stream.getvalue()


def test_a_log_gets_lines_without_control_codes(watch: Callable) -> None:
    stream = io.StringIO()
    watcher = watch(stream)
    watcher.count(STATS)
    watcher.start(*JOB)
    wait_for("0 of 1 jobs done, 0:00:00; x/seeds, part 0: 0:00:00\n", stream)
    watcher.fail(1, "unused")
    watcher.close()
    assert "FAILED: x/seeds, part 0" in stream.getvalue()
    assert stream.getvalue().endswith("0 of 1 jobs done, 1 failed, 0:00:00\n")
    assert "\x1b" not in stream.getvalue()


def test_a_failure_of_an_unknown_job_is_told_in_the_words_given(watch: Callable) -> None:
    stream = io.StringIO()
    watch(stream).fail(7, "Error in group job")
    assert stream.getvalue() == "Error in group job\n"


def test_a_stop_on_request_is_no_failure(watch: Callable) -> None:
    stream = io.StringIO()
    watcher = watch(stream)
    watcher.start(*JOB)
    watcher.stop()
    watcher.fail(1, "unused")
    assert stream.getvalue() == "stopped: x/seeds, part 0\n"


def test_without_jobs_nothing_is_shown_but_what_is_said(watch: Callable) -> None:
    stream = io.StringIO()
    watcher = watch(stream)
    watcher.say("Nothing to be done")
    watcher.close()
    watcher.close()
    assert stream.getvalue() == "Nothing to be done\n"
