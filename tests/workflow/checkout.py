"""Copies of the checkout in which the real workflow runs, and what the tests read from its output."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "config/test/tiny.yaml"
SOURCES = (
    "Snakefile",
    "rules",
    "workflow_scripts",
    "wsss_core",
    "snakemake_logger_plugin_wsss",
    "snakemake_executor_plugin_wsss_slurm",
    "config",
    "envs",
    "profiles",
    "storage",
)
TIMEOUT_S = 1500
"""Generous, because the tests may share a busy machine."""


def copy_sources(target: Path, origin: Path = ROOT) -> Path:
    """What a clone would hold, without documents and tests; all files get the present time, as in a clone."""
    for name in SOURCES:
        source = origin / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, target / name, copy_function=shutil.copyfile, ignore=ignore, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)
    return target


def environment(folder: Path) -> dict[str, str]:
    """Jobs use this Python and the package of the copy, whichever one is installed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    changes = {"PATH": path, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
    return {**os.environ, **changes}


def command(*arguments: str, config: str = CONFIG) -> list[str]:
    """A Snakemake command line; without a profile, so that nothing but the arguments decides."""
    return [sys.executable, "-m", "snakemake", "--configfile", config, "--cores", "1", *arguments]


def snakemake(folder: Path, *arguments: str, config: str = CONFIG) -> "subprocess.CompletedProcess[str]":
    """Run Snakemake in `folder`; standard output and error together in `stdout`."""
    return subprocess.run(
        command(*arguments, config=config),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def run(folder: Path, *arguments: str, config: str = CONFIG) -> str:
    """Run Snakemake to a good end; its output."""
    done = snakemake(folder, "--show-failed-logs", *arguments, config=config)
    assert done.returncode == 0, done.stdout
    return done.stdout


def planned(folder: Path, config: str = CONFIG) -> set[str]:
    """Names of the stages of which a job would run now."""
    output = run(folder, "--dry-run", config=config)
    stages = set(re.findall(r"wildcards: node=[\w.-]+/([\w.-]+)", output))
    assert bool(stages) is ("Nothing to be done" not in output), output
    return stages


def edit_config(folder: Path, changes: Mapping[str, Any], name: str = CONFIG) -> None:
    """Set values of the config; keys are paths such as "stages.seeds.threshold"."""
    values = yaml.safe_load((folder / CONFIG).read_text())
    for path, value in changes.items():
        *above, last = path.split(".")
        place = values
        for step in above:
            place = place[step]
        place[last] = value
    (folder / name).write_text(yaml.safe_dump(values, sort_keys=False))


def copy_finished(finished: Path, target: Path) -> Path:
    """A copy of a checkout with its results, all times kept."""
    shutil.copytree(finished, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target
