"""Runs an experiment in this process, stage after stage by the workflow's own scripts: the chain without Snakemake."""

import importlib.util
from pathlib import Path
from types import ModuleType

from click.testing import CliRunner

from wsss_core import registry
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.graph import Stage
from wsss_core.stages.part_files import part_path
from wsss_core.stages.plan import Plan

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow_scripts"


def run_experiment(config: Path, until: str | None = None) -> Plan:
    """Make all stages of the file (or one and what it needs) below its results folder; what it ran."""
    plan = Plan(Experiment.load(config))
    wanted = plan.lineage(plan.find(until)) if until else plan.experiment.stages.values()
    refs = {stage.ref for stage in wanted}
    for stage in [stage for ref, stage in plan.graph.stages.items() if ref in refs]:
        run_stage(plan, stage)
    return plan


def run_stage(plan: Plan, stage: Stage) -> None:
    """Make one stage whose inputs are made."""
    request, results = ("--request", plan.request(stage)), ("--results", plan.results)
    folder = plan.folder(stage.ref)
    if stage.kind == "data":
        call("data", *request, *results)
    elif stage.kind in registry.TRAINING_KINDS:
        call("training", *request, *results, "--device", "cpu", "--threads", 1)
    elif stage.kind == "report":
        call("report", *request, *results)
    elif stage.kind == "evaluation":
        for name, target in plan.targets(stage).items():
            call("evaluation", "--request", plan.request(stage, target), "--target", name, *results)
        call("summary", *request, "--out", folder / "stage.json")
    else:
        for part in plan.parts(stage):
            call("per_image", *request, *results, "--part", part, "--device", "cpu")
            assert part_path(folder, part).is_file()
        stats = sorted(folder.glob("stats/*.json"))
        call("summary", *request, "--out", folder / "stage.json", *stats)


def call(script: str, *arguments: object) -> None:
    """Run a workflow script; its error is this test's."""
    result = CliRunner().invoke(_module(script).main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output


def _module(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"workflow_script_{script}", SCRIPTS / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shrunk(values: dict, **changes: dict) -> dict:
    """An experiment's plain values with other settings of its stages (stage -> settings), for a tiny run."""
    stages = {name: {**dict(keys or {}), **changes.get(name, {})} for name, keys in values["stages"].items()}
    return {**values, "stages": stages}
