"""A throw-away SLURM for the tests, started by the script `slurmbox` beside this file, and runs on it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from workflow.checkout import environment

SCRIPT = Path(__file__).with_name("slurmbox")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")
CONFIG = "config/test/cluster.yaml"
TIMEOUT_S = 1500


def is_installed() -> bool:
    """Whether Debian's packages slurm-wlm and munge, or their like, are there."""
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    return all(shutil.which(program, path=path) for program in PROGRAMS)


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

    def start(self, checkout: Path, *arguments: str, config: str = CONFIG) -> "subprocess.Popen[str]":
        """Snakemake with the SLURM profile, at work in `checkout`; it looks at its jobs often."""
        words = [sys.executable, "-m", "snakemake", "--configfile", config, "--workflow-profile", "profiles/slurm"]
        words += ["--wsss-slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10", *arguments]
        with open(checkout / "run.txt", "a", encoding="utf-8") as output:
            return subprocess.Popen(
                words, cwd=checkout, env=self.client(checkout), stdout=output, stderr=output, text=True,
                start_new_session=True,
            )  # fmt: skip

    def run(self, checkout: Path, *arguments: str, config: str = CONFIG) -> str:
        """A run to its good end; what all runs in `checkout` have said."""
        with self.start(checkout, *arguments, config=config) as process:
            code = process.wait(TIMEOUT_S)
        text = (checkout / "run.txt").read_text()
        assert code == 0, text
        return text

    def finished_jobs(self) -> list[str]:
        """Lines of the cluster's own record of jobs that have ended."""
        record = self.folder / "log" / "jobcomp.log"
        return record.read_text().splitlines() if record.is_file() else []


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until `condition` holds; fails, naming `what`, after a time that is generous on a busy machine."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)
