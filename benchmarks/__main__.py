"""Runs all benchmarks, prints the table and writes docs/benchmarks.md; exits with 1 when a target is missed."""

import os

# Before numpy and torch are imported: the BLAS under them reads it once. One thread makes ratios comparable.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import importlib
import platform
import sys
from pathlib import Path

import cv2
import torch

from benchmarks.table import BENCHMARKS, as_page, as_text
from benchmarks.timing import Comparison

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    """Processor and versions that the figures depend on."""
    cpu = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
        if cpu.exists()
        else []
    )
    processor = names[0] if names else platform.machine()
    return f"{processor}, one thread, Python {platform.python_version()}, torch {torch.__version__}"


def main() -> int:
    """Run every benchmark."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    lines: list[Comparison] = []
    for name in BENCHMARKS:
        print(f"running {name} ...", file=sys.stderr, flush=True)
        lines += importlib.import_module(f"benchmarks.{name}").run()
    print(as_text(lines))
    PAGE.write_text(as_page(lines, machine()), encoding="utf-8")
    missed = [line.name for line in lines if not line.passed]
    if missed:
        print(f"below target: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
