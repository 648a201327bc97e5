"""SLURM's controller: whether it answers, and waiting for it, for ever or for a while."""

import math
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

ASK_EVERY_S = 5.0
SAY_EVERY_S = 60.0
PING_TIMEOUT_S = 30.0


class ControllerSilent(ValueError):
    """No controller of SLURM has answered in the time that was given."""


@dataclass(frozen=True)
class Answer:
    """What `scontrol ping` found. `text`: its own words, or why there are none; `asked`: whether it could be run."""

    is_up: bool
    text: str
    asked: bool = True


def uses_slurm(profile: Path) -> bool:
    """Whether the profile in the folder `profile` runs its jobs by SLURM."""
    values = yaml.safe_load((profile / "config.yaml").read_text(encoding="utf-8")) or {}
    return str(values.get("executor", "")).endswith("slurm")


def ask_controller() -> Answer:
    """Whether a controller of SLURM, the first one or one that stands in for it, is there."""
    try:
        done = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, timeout=PING_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return Answer(False, f"scontrol ping gave no answer within {PING_TIMEOUT_S:g} s")
    except OSError as error:
        return Answer(False, f"scontrol cannot be run ({error.strerror or error})", asked=False)
    # One of two controllers that is down makes the exit code 1 in some versions.
    is_up = any(line.rstrip().endswith("UP") for line in done.stdout.splitlines())
    words = (done.stdout + done.stderr).split()
    return Answer(is_up, " ".join(words) or f"scontrol ping said nothing, exit code {done.returncode}")


def wait_for_controller(
    say: Callable[[str], object], cancelled: threading.Event, patience_s: float = math.inf
) -> Answer | None:
    """The answer of a controller; None when the run is cancelled before. `say` is told now and then that it waits.

    Raises `ControllerSilent` when none has answered after `patience_s`; if that is finite, a machine without SLURM is
    not waited for at all.
    """
    start_s, told_s = time.monotonic(), -math.inf
    while not cancelled.is_set():
        answer = ask_controller()
        now_s = time.monotonic()
        if answer.is_up:
            return answer
        if now_s - start_s >= patience_s or (not answer.asked and patience_s < math.inf):
            raise _silent(answer, now_s - start_s)
        if now_s - told_s >= SAY_EVERY_S:
            limit = f" up to {patience_s:g} s" if patience_s < math.inf else ""
            say(f"SLURM's controller does not answer; waiting for it{limit} ({answer.text})")
            told_s = now_s
        cancelled.wait(min(ASK_EVERY_S, max(0.0, patience_s - (now_s - start_s))))
    return None


def _silent(answer: Answer, waited_s: float) -> ControllerSilent:
    return ControllerSilent(
        f"expected an answer of SLURM's controller, found none after {waited_s:.0f} s: {answer.text}. "
        "Nothing was started. To do: run where `scontrol ping` says UP (usually the login node), wait longer with "
        "`--controller-timeout SECONDS`, or run on this machine with `--profile local`."
    )
