"""A throw-away SLURM for the tests, started by the script `slurmbox` beside this file, and runs on it."""

import getpass
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflow.checkout import environment

SCRIPT = Path(__file__).with_name("slurmbox")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")
CONFIG = "config/test/cluster.yaml"
OUTPUT = "run.txt"
TIMEOUT_S = 1500


def is_installed() -> bool:
    """Whether Debian's packages slurm-wlm and munge, or their like, are there."""
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    return all(shutil.which(program, path=path) for program in PROGRAMS)


@dataclass(frozen=True)
class EndedJob:
    """How a job ended, and what it had asked for."""

    number: str
    state: str
    partition: str
    memory_mb: int
    minutes: int
    started: str
    ended: str

    @classmethod
    def parse(cls, line: str) -> "EndedJob":
        """A line of SLURM's `jobcomp/filetxt`."""
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        memory = re.search(r"mem=(\d+)M", fields["Tres"])
        assert memory is not None, line
        return cls(
            fields["JobId"],
            fields["JobState"],
            fields["Partition"],
            int(memory[1]),
            int(fields["TimeLimit"]),
            fields["StartTime"],
            fields["EndTime"],
        )


def _heed_interrupts() -> None:
    """Ctrl-C counts, also where the tests were begun in the background of a shell, which leaves it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Box:
    """A cluster of one CPU node and one with a pretended card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = {"SLURMBOX_DIR": str(folder), "SLURMBOX_GPU_NODES": "1", "SLURMBOX_MEM_MB": "16000"}
        self.own = {**os.environ, **settings}

    def do(self, *words: str) -> str:
        """Call `slurmbox`; its output."""
        done = subprocess.run([SCRIPT, *words], env=self.own, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def client(self, checkout: Path) -> Mapping[str, str]:
        """Environment of a run in `checkout` on this cluster."""
        base = environment(checkout)
        changes = {"SLURM_CONF": f"{self.folder}/etc/slurm.conf", "PATH": f"{self.folder}/bin:{base['PATH']}"}
        return {**base, **changes}

    def slurm(self, checkout: Path, *words: str) -> str:
        """Output of a client program such as `squeue`."""
        return subprocess.run(
            words, env=self.client(checkout), capture_output=True, text=True, timeout=60, check=True
        ).stdout

    @contextmanager
    def start(self, checkout: Path, *arguments: str, config: str = CONFIG) -> Iterator["subprocess.Popen[str]"]:
        """Snakemake with the SLURM profile, at work in `checkout`; it looks at its jobs often.

        An error in the block ends it and all jobs.
        """
        words = [sys.executable, "-m", "snakemake", "--configfile", config, "--workflow-profile", "profiles/slurm"]
        words += ["--wsss-slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10", *arguments]
        with open(checkout / OUTPUT, "a", encoding="utf-8") as output:
            process = subprocess.Popen(
                words, cwd=checkout, env=self.client(checkout), stdout=output, stderr=output, text=True,
                start_new_session=True, preexec_fn=_heed_interrupts,
            )  # fmt: skip
        try:
            yield process
        except BaseException:
            process.kill()
            subprocess.run(["scancel", "--user", getpass.getuser()], env=self.client(checkout), timeout=60, check=False)
            raise
        finally:
            process.wait(TIMEOUT_S)

    @contextmanager
    def without_controller(self) -> Iterator[None]:
        """Within the block the controller is gone; jobs go on."""
        self.do("lose")
        try:
            yield
        finally:
            self.do("return")

    def run(self, checkout: Path, *arguments: str, config: str = CONFIG) -> str:
        """A run to its good end; what all runs in `checkout` have said."""
        with self.start(checkout, *arguments, config=config) as process:
            return self.wait(process, checkout)

    @staticmethod
    def wait(process: "subprocess.Popen[str]", checkout: Path) -> str:
        """Wait for the good end of a run; what all runs in `checkout` have said."""
        code = process.wait(TIMEOUT_S)
        text = (checkout / OUTPUT).read_text()
        assert code == 0, text
        return text

    def wsss(self, checkout: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        """The `wsss` command of the copy."""
        return subprocess.run(
            [sys.executable, "-c", "from wsss_core.cli import main; main()", *words],
            cwd=checkout, env=self.client(checkout), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip

    def ended_jobs(self) -> list[EndedJob]:
        """The cluster's own record of jobs that have ended, the first to end first."""
        record = self.folder / "log" / "jobcomp.log"
        return [EndedJob.parse(line) for line in record.read_text().splitlines()] if record.is_file() else []

    def queue(self, checkout: Path) -> dict[str, str]:
        """Number -> rule and wildcards of the jobs that wait or run."""
        lines = self.slurm(checkout, "squeue", "-h", "-o", "%i %k").splitlines()
        return dict(line.split() for line in lines)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until `condition` holds; fails, naming `what`, after a time that is generous on a busy machine."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)
