"""Faults put into the scripts of a copy of the checkout. Their markers lie in the copy, where all jobs run."""

from pathlib import Path

PER_IMAGE, TRAINING = "workflow_scripts/per_image.py", "workflow_scripts/training.py"
FAILURES, HOLD, STARTED = "failures", "hold", "started"
FAULT = "the node lost its disk"

_FAIL = """
    failures = Path("{marker}")
    if part == {part} and '"kind": "{kind}"' in request and not failures.exists():
        failures.touch()
        raise ConnectionError("{fault}")
"""
_HOLD = """
        while Path("{marker}").exists():
            __import__("time").sleep(0.2)
"""
_SLOW = """
        if not Path("{marker}").exists():
            Path("{marker}").touch()
            from wsss_core.training import loop
            quick = loop._Run.train_step

            def slow(run, *arguments):
                __import__("time").sleep({step_s})
                return quick(run, *arguments)

            loop._Run.train_step = slow
"""


def insert(checkout: Path, script: str, before: str, code: str) -> None:
    """Put `code` before the only line `before` of a script."""
    path = checkout / script
    text = path.read_text()
    assert text.count(before) == 1, f"{script} has changed: {before!r}"
    path.write_text(text.replace(before, code.lstrip("\n") + before))


def fail_once(checkout: Path, kind: str, part: int) -> None:
    """The first attempt at a part of the stage of `kind` fails."""
    code = _FAIL.format(marker=FAILURES, part=part, kind=kind, fault=FAULT)
    insert(checkout, PER_IMAGE, "    output = part_path(context.folder, part)\n", code)


def hold_trainings(checkout: Path) -> Path:
    """Trainings begin, and wait until the file that is returned is removed."""
    insert(checkout, TRAINING, "        method.train(context)\n", _HOLD.format(marker=HOLD))
    (checkout / HOLD).touch()
    return checkout / HOLD


def slow_first_training(checkout: Path, step_s: float) -> None:
    """The first training of all takes that much longer at every step."""
    insert(checkout, TRAINING, "        method.train(context)\n", _SLOW.format(marker=STARTED, step_s=step_s))
