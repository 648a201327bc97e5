"""Starts a script of the tests on several gloo processes, as `torchrun` does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 1500


def torchrun(script: Path, *arguments: object, count: int = 2) -> "subprocess.CompletedProcess[str]":
    """Run `script` with `arguments` on `count` processes of one thread each; what became of it, failed or not."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", count, script, *arguments]
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
