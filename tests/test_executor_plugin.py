"""The layer over the SLURM executor plugin, with stand-ins for SLURM and for the plugin's own answers."""

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from commands.fake_slurm import DOWN, UP, fake_program
from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

import snakemake_executor_plugin_wsss_slurm as plugin
from snakemake_executor_plugin_wsss_slurm import Executor
from wsss_core.commands import slurm_controller

PROFILE = Path(__file__).parents[1] / "profiles/slurm/config.yaml"


def jobs(*numbers: int) -> list[Any]:
    return [SimpleNamespace(external_jobid=str(number), job=None) for number in numbers]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Executor:
    """An executor without a run around it; what it does to the scheduler goes nowhere."""
    monkeypatch.setattr(SlurmExecutor, "__init__", lambda self, *arguments: None)
    made = Executor()
    made.logger = SimpleNamespace(debug=lambda text: None, warning=lambda text: None)
    scheduler = SimpleNamespace(finish_callback=lambda job: None, error_callback=lambda job: None)
    made.workflow = SimpleNamespace(scheduler=scheduler)
    made.print_job_error = lambda *arguments, **options: None
    return made


def still_active(
    made: Executor,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[Any],
    running: Sequence[int] = (),
    done: Sequence[int] = (),
    failed: Sequence[int] = (),
) -> list[str]:
    """Numbers of the jobs that a look finds active; the plugin itself finds some, reports some, forgets the rest."""

    async def check(self: Any, active_jobs: list[Any]) -> Any:
        for item in active_jobs:
            if int(item.external_jobid) in done:
                self.report_job_success(item)
            elif int(item.external_jobid) in failed:
                self.report_job_error(item, msg="FAILED", aux_logs=["slurm.log"])
            elif int(item.external_jobid) in running:
                yield item

    async def collect() -> list[str]:
        return [str(found.external_jobid) async for found in made.check_active_jobs(asked)]

    monkeypatch.setattr(SlurmExecutor, "check_active_jobs", check)
    return asyncio.run(collect())


def ping(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program `scontrol`, first on the path, that runs `script`."""
    fake_program(folder, monkeypatch, "scontrol", script)


def test_snakemake_finds_the_executor_that_the_profile_names() -> None:
    name = yaml.safe_load(PROFILE.read_text())["executor"]
    found = ExecutorPluginRegistry().get_plugin(name)
    assert found.executor.__module__ == plugin.__name__
    assert found.common_settings.non_local_exec


def test_jobs_of_which_nothing_could_be_learnt_stay_active(made: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert still_active(made, monkeypatch, jobs(1, 2, 3, 4), running=[1], done=[2], failed=[4]) == ["1", "3"]
    assert still_active(made, monkeypatch, jobs(1, 3)) == ["1", "3"]


def test_a_job_that_has_ended_is_never_asked_for_again(made: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert still_active(made, monkeypatch, jobs(1, 2), done=[1], failed=[2]) == []


def test_without_jobs_there_is_nothing_to_ask(made: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert still_active(made, monkeypatch, []) == []


def test_a_cancelled_run_waits_for_no_controller_and_submits_nothing(
    made: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ping(tmp_path, monkeypatch, f"echo '{DOWN}'; exit 1")
    submitted: list[object] = []
    monkeypatch.setattr(SlurmExecutor, "run_job", lambda self, job: submitted.append(job))
    monkeypatch.setattr(SlurmExecutor, "cancel", lambda self: None)
    threading.Timer(0.2, made.cancel).start()
    started = time.monotonic()
    made.run_job("job")  # type: ignore[arg-type]
    assert time.monotonic() - started < slurm_controller.ASK_EVERY_S
    assert submitted == []


def test_with_a_controller_a_job_is_submitted_by_the_plugin(
    made: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ping(tmp_path, monkeypatch, f"echo '{UP}'")
    submitted: list[object] = []
    monkeypatch.setattr(SlurmExecutor, "run_job", lambda self, job: submitted.append(job))
    made.run_job("job")  # type: ignore[arg-type]
    assert submitted == ["job"]


def test_what_the_checking_thread_needs_is_there_before_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(
        SlurmExecutor, "__init__", lambda self, *arguments: seen.append((self._told_of, self._cancelled, arguments))
    )
    made = Executor("workflow", "logger")
    assert seen == [(set(), made._cancelled, ("workflow", "logger"))]
