"""The layer over the SLURM executor plugin, with stand-ins for SLURM and for the plugin's own answers."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_executor_plugin_slurm import Executor as SlurmExecutor

import snakemake_executor_plugin_wsss_slurm as plugin
from snakemake_executor_plugin_wsss_slurm import Executor, forgotten, wait_for_controller


def job(number: int) -> Any:
    return SimpleNamespace(external_jobid=str(number))


def executor(monkeypatch: pytest.MonkeyPatch, running: list[int], done: list[int]) -> Executor:
    """One whose plugin finds some jobs running, reports others, and has forgotten the rest."""

    async def check(self: Any, active_jobs: list[Any]) -> Any:
        for item in active_jobs:
            if int(item.external_jobid) in done:
                self.report_job_success(item)
            elif int(item.external_jobid) in running:
                yield item

    monkeypatch.setattr(SlurmExecutor, "check_active_jobs", check)
    made = Executor.__new__(Executor)
    made._told_of, made.logger = set(), SimpleNamespace(debug=lambda text: None)
    made.workflow = SimpleNamespace(scheduler=SimpleNamespace(finish_callback=lambda job: None))
    return made


def still_active(made: Executor, numbers: list[int]) -> list[str]:
    async def collect() -> list[str]:
        jobs = [SimpleNamespace(external_jobid=str(number), job=None) for number in numbers]
        return [str(found.external_jobid) async for found in made.check_active_jobs(jobs)]  # type: ignore[arg-type]

    return asyncio.run(collect())


def test_jobs_of_which_nothing_could_be_learnt_stay_active(monkeypatch: pytest.MonkeyPatch) -> None:
    assert still_active(executor(monkeypatch, running=[1], done=[2]), [1, 2, 3]) == ["1", "3"]


def test_a_job_that_has_ended_is_never_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = executor(monkeypatch, running=[], done=[1, 2])
    assert still_active(made, [1, 2]) == []
    assert made._told_of == {"1", "2"}


def test_forgotten_are_those_that_are_not_known() -> None:
    assert [item.external_jobid for item in forgotten([job(1), job(2)], {"1"})] == ["2"]


def test_submissions_wait_for_the_controller_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "scontrol"
    program.write_text(f'#!/bin/sh\necho x >> {tmp_path}/asked; [ "$(wc -l < {tmp_path}/asked)" -ge 3 ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(plugin, "ASK_EVERY_S", 0.01)
    said: list[str] = []
    wait_for_controller(said.append)
    assert len((tmp_path / "asked").read_text().splitlines()) == 3
    assert said == ["SLURM's controller does not answer; waiting for it"]


def test_a_controller_that_hangs_or_is_not_installed_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "_PING_TIMEOUT_S", 0.2)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not plugin.controller_answers()
    program = tmp_path / "scontrol"
    program.write_text("#!/bin/sh\nwhile :; do :; done\n")
    program.chmod(0o755)
    assert not plugin.controller_answers()


def test_what_the_checking_thread_needs_is_there_before_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(SlurmExecutor, "__init__", lambda self, *arguments: seen.append((self._told_of, arguments)))
    Executor("workflow", "logger")
    assert seen == [(set(), ("workflow", "logger"))]
