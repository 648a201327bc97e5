"""Stand-ins for SLURM's programs."""

import os
from pathlib import Path

import pytest

UP, DOWN = "Slurmctld(primary) at head1 is UP", "Slurmctld(primary) at head1 is DOWN"


def fake_program(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """A program `name`, first on the path, that runs `script`."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def up_at_the_third_time(folder: Path) -> str:
    """What a `scontrol` runs that notes in `folder`/asked that it was asked, and answers at the third time."""
    count = f'echo x >> {folder}/asked; [ "$(wc -l < {folder}/asked)" -ge 3 ]'
    return f"if {count}; then echo '{UP}'; else echo '{DOWN}'; exit 1; fi"
