"""Stand-ins for SLURM's programs that run every job at once on this machine, and end jobs that take too much memory.

A cluster in a box schedules memory and does not enforce it, so this is simulated: how much a job needs is said, not
measured, and what ends it is a SIGKILL.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SBATCH = """#!{python}
import json, os, re, subprocess, sys
from pathlib import Path
folder, words = Path({folder!r}), sys.argv[1:]
number = len(list(folder.glob("*.json"))) + 1
value = lambda name: words[words.index(name) + 1]
(command,) = [word.removeprefix("--wrap=") for word in words if word.startswith("--wrap=")]
memory_mb = int(value("--mem"))
about = dict(memory_mb=memory_mb, minutes=int(value("-t")), what=value("--comment"), state="RUNNING")
(folder / f"{{number}}.json").write_text(json.dumps(about))
with open(value("--output").replace("%j", str(number)), "w") as log:
    own = dict(FAKE_MEMORY_MB=str(memory_mb), FAKE_VICTIMS=str(folder / "victims"), SLURM_JOB_ID=str(number))
    code = subprocess.call(["bash", "-c", command], stdout=log, stderr=log, env=os.environ | own)
victims = folder / "victims"
ended = {killed!r} if victims.exists() else "FAILED" if code else "COMPLETED"
victims.unlink(missing_ok=True)
(folder / f"{{number}}.json").write_text(json.dumps(about | dict(state=ended)))
print(number)
"""
SRUN = """#!{python}
import os, re, sys
place = next(place for place, word in enumerate(sys.argv) if re.search(r"python[0-9.]*$", word))
os.execv(sys.argv[place], sys.argv[place:])
"""
SQUEUE = """#!{python}
import json
from pathlib import Path
for file in Path({folder!r}).glob("*.json"):
    print(file.stem, json.loads(file.read_text())["state"], sep="|")
"""
SCONTROL = """#!/bin/sh
echo "Slurmctld(primary) at head1 is UP"
echo "MinJobAge = 3600 sec"
"""

NEEDS_MEMORY = """
    import os, signal
    if part == {part} and '"kind": "{kind}"' in request and int(os.environ["FAKE_MEMORY_MB"]) < {needed_mb}:
        Path(os.environ["FAKE_VICTIMS"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""
"""In a job on a part: ends it by SIGKILL where it was given too little memory."""


@dataclass(frozen=True)
class FakeCluster:
    """The programs lie in `folder`/bin, a record of every job in `folder`."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, killed: str) -> "FakeCluster":
        """`killed`: what SLURM calls the end of a job that took too much memory, OUT_OF_MEMORY or FAILED."""
        (folder / "bin").mkdir(parents=True)
        texts = {"sbatch": SBATCH, "srun": SRUN, "squeue": SQUEUE, "scontrol": SCONTROL}
        for name, text in texts.items():
            program = folder / "bin" / name
            program.write_text(text.format(python=sys.executable, folder=str(folder), killed=killed))
            program.chmod(0o755)
        return cls(folder)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with the programs first on the path."""
        return {**base, "PATH": f"{self.folder / 'bin'}{os.pathsep}{base['PATH']}"}

    def jobs(self, rule: str) -> list[tuple[int, int, str]]:
        """(MB, minutes, state at the end) of the jobs of a rule, in the order in which they were submitted."""
        files = sorted(self.folder.glob("*.json"), key=lambda path: int(path.stem))
        jobs = [json.loads(path.read_text()) for path in files]
        return [(job["memory_mb"], job["minutes"], job["state"]) for job in jobs if f"rule_{rule}_" in job["what"]]
