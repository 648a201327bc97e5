"""The per-image chain really run on many tiny images: `python -m benchmarks.scale_run 1000 10000 82783`.

Data, a classifier and an affinity network of one step, CAMs, affinity labels, refined CAMs, seeds and their evaluation
on 80 classes, by Snakemake on one core. Prints what each stage cost: wall clock and processor seconds of its jobs, the
start of the interpreter included, the largest peak memory of a job, and bytes on disk. Nothing is left behind. Not one
of `make bench`: the largest takes half an hour.
"""

import argparse
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale import ROOT, make_images, write_config
from wsss_core.commands.snakemake_call import environment

METERED = """#!{python}
import json, os, sys, time
start_s = time.perf_counter()
child = os.posix_spawn({python!r}, [{python!r}, *sys.argv[1:]], os.environ)
_, status, used = os.wait4(child, 0)
words = sys.argv[1:]
about = {{"script": words[0], "request": words[words.index("--request") + 1] if "--request" in words else ""}}
about |= {{"wall_s": time.perf_counter() - start_s, "cpu_s": used.ru_utime + used.ru_stime}}
about |= {{"peak_mb": used.ru_maxrss * 1024 / 1e6}}
with open({log!r}, "a", encoding="utf-8") as file:
    file.write(json.dumps(about) + "\\n")
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Stands for `python` in the rules of the run: does what it does, and notes what it cost."""

OWN_COST = """
import atexit, json, resource, sys

def note():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open({log!r}, "w", encoding="utf-8") as file:
        json.dump(dict(cpu_s=used.ru_utime + used.ru_stime, peak_mb=used.ru_maxrss * 1024 / 1e6), file)

atexit.register(note)
from snakemake.cli import main
main(sys.argv[1:])
"""
"""Snakemake, which notes at its end what it cost itself, without its jobs."""

SNAKEMAKE = "snakemake"
CHECKOUT = ("Snakefile", "rules", "envs", "workflow_scripts", "wsss_core")


@dataclass(frozen=True)
class Cost:
    """What the jobs of one stage, or Snakemake itself, cost together; `peak_mb` is that of the largest job."""

    name: str
    jobs: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    disk_mb: float = 0.0


def write_metered_python(folder: Path, log: Path) -> None:
    """An executable `python` in `folder` that appends a line on each of its calls to `log`."""
    folder.mkdir()
    path = folder / "python"
    path.write_text(METERED.format(python=sys.executable, log=str(log)), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def costs(lines: Iterable[str], results: Path) -> list[Cost]:
    """What each stage cost, in the order in which the stages began; an evaluation for each stage that it looks at."""
    groups: dict[str, list[dict[str, float]]] = {}
    for line in lines:
        call = json.loads(line)
        groups.setdefault(_stage(call), []).append(call)
    return [
        Cost(
            name, len(calls), sum(call["wall_s"] for call in calls), sum(call["cpu_s"] for call in calls),
            max(call["peak_mb"] for call in calls), disk_mb(results / name),
        )
        for name, calls in groups.items()
    ]  # fmt: skip


def _stage(call: dict[str, str]) -> str:
    request = json.loads(call["request"])
    name = str(request["stage"])
    target = request["inputs"].get("of", "").rpartition("/")[2]
    return f"{name} of {target}" if request["kind"] == "evaluation" and target else name


def disk_mb(folder: Path) -> float:
    """MB (10^6 bytes) of all files below a folder; 0 without one."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def link_checkout(folder: Path) -> Path:
    """A folder that is this checkout to Snakemake, so that its logs and records leave the real one alone."""
    folder.mkdir()
    for name in CHECKOUT:
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(config: Path, folder: Path) -> list[Cost]:
    """Run the experiment on one core; what its stages cost, and Snakemake itself. Its logs go below `folder`."""
    log, own_log, said = folder / "costs.jsonl", folder / "own.json", folder / "snakemake.txt"
    checkout = link_checkout(folder / "checkout")
    write_metered_python(folder / "bin", log)
    own = environment(ROOT) | {"OMP_NUM_THREADS": "1"}
    own["PATH"] = f"{folder / 'bin'}{os.pathsep}{own['PATH']}"
    command = [sys.executable, "-c", OWN_COST.format(log=str(own_log))]
    command += ["--configfile", str(config), "--cores", "1", "--quiet", "--show-failed-logs"]
    start_s = time.perf_counter()
    with open(said, "w", encoding="utf-8") as file:
        done = subprocess.run(command, cwd=checkout, env=own, stdout=file, stderr=file, check=False)
    wall_s = time.perf_counter() - start_s
    if done.returncode:
        raise RuntimeError(f"the run failed:\n{said.read_text()[-4000:]}")
    found = costs(log.read_text(encoding="utf-8").splitlines(), folder / "results" / "scale")
    itself = json.loads(own_log.read_text(encoding="utf-8"))
    jobs = sum(cost.jobs for cost in found)
    return [*found, Cost(SNAKEMAKE, jobs, wall_s - sum(cost.wall_s for cost in found), **itself)]


def measure(count: int) -> list[Cost]:
    """Make `count` images, run the chain on them, remove everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_images(folder, count)
        return run(write_config(folder), folder)


def as_table(found: Mapping[int, Sequence[Cost]]) -> str:
    """Markdown: a line for each stage, with a column of each figure for every number of images."""
    figures = ("jobs", "ms an image", "peak MB", "MB on disk")
    heads = [f"{figure}, {count:,}" for figure in figures for count in found]
    lines = [f"| stage | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for row in zip(*found.values(), strict=True):
        sizes = list(zip(found, row, strict=True))
        cells = [str(cost.jobs) for cost in row] + [f"{1000 * cost.cpu_s / count:.2f}" for count, cost in sizes]
        cells += [f"{cost.peak_mb:.0f}" for cost in row] + [f"{cost.disk_mb:.1f}" for cost in row]
        lines.append(f"| {row[0].name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run every size; print each as soon as it is done, and the table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="+")
    found: dict[int, list[Cost]] = {}
    for count in parser.parse_args().counts:
        found[count] = measure(count)
        for cost in found[count]:
            print(count, cost, flush=True)
        print(count, f"wall {sum(cost.wall_s for cost in found[count]):.0f} s", flush=True)
    print(as_table(found))


if __name__ == "__main__":
    main()
