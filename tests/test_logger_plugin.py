"""The logger plugin against Snakemake's own interface and the records that Snakemake makes."""

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

import snakemake_logger_plugin_wsss as plugin
from wsss_core.commands.run import PROGRESS_LOGGER
from wsss_core.progress import FOLDER_VARIABLE

JOB = {
    "jobid": 4,
    "rule_name": "seeds",
    "rule_msg": None,
    "wildcards": {"node": "x/seeds", "part": "00002"},
    "input": [],
    "output": ["results/x/seeds/parts/00002.arrow"],
    "log": ["seeds.log"],
    "aux": {},
    "conda_env": None,
    "shellcmd": "python ...",
}


def handler(**asked: bool) -> plugin.LogHandler:
    settings = {"dryrun": False, "verbose": False, "printshellcmds": False, "quiet": None, **asked}
    made = plugin.LogHandler(SimpleNamespace(**settings), None)  # type: ignore[arg-type]
    made.setFormatter(DefaultFormatter())
    return made


def record(text: str | None = None, event: LogEvent | None = None, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, text, None, None)
    vars(made).update(fields, event=event)
    return made


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    return tmp_path


def test_snakemake_takes_it_for_a_logger_plugin() -> None:
    registry = LoggerPluginRegistry()
    registry.register_plugin(plugin.__name__, plugin)
    assert registry.is_installed(PROGRESS_LOGGER)


def test_a_run_is_told_in_a_few_lines(capsys: pytest.CaptureFixture[str], workdir: Path) -> None:
    (workdir / "seeds.log").write_text("error: image 'a' is damaged\n")
    logger = handler()
    for each in (
        record("Building DAG of jobs..."),
        record("Job stats:", LogEvent.RUN_INFO, stats={"seeds": 2, "total": 2}),
        record("Select jobs to execute..."),
        record("Execute 1 jobs...", LogEvent.JOB_STARTED),
        record("rule seeds", LogEvent.JOB_INFO, **JOB),
        record("python ...", LogEvent.SHELLCMD),
        record("RuleException:\nCalledProcessError in file ...", LogEvent.ERROR),
        record("Error in rule seeds", LogEvent.JOB_ERROR, **JOB),
        record("Complete log(s): .snakemake/log/x"),
    ):
        logger.emit(each)
    logger.close()
    assert capsys.readouterr().err.splitlines() == [
        "FAILED: x/seeds, part 2",
        "  its log seeds.log:",
        "    error: image 'a' is damaged",
        "Complete log(s): .snakemake/log/x",
        "0 of 2 jobs done, 1 failed, 0:00:00",
    ]


def test_a_good_run_does_not_name_snakemakes_log(capsys: pytest.CaptureFixture[str]) -> None:
    logger = handler()
    logger.emit(record("Job stats:", LogEvent.RUN_INFO, stats={"seeds": 1, "total": 1}))
    logger.emit(record("rule seeds", LogEvent.JOB_INFO, **JOB))
    logger.emit(record("Finished", LogEvent.JOB_FINISHED, job_id=4))
    logger.emit(record("Complete log(s): .snakemake/log/x"))
    logger.close()
    assert capsys.readouterr().err == "1 of 1 jobs done, 0:00:00\n"


def test_jobs_broken_off_by_ctrl_c_are_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    logger = handler()
    logger.emit(record("rule seeds", LogEvent.JOB_INFO, **JOB))
    logger.emit(record("Terminating processes on user request, this might take some time."))
    logger.emit(record("Error in rule seeds", LogEvent.JOB_ERROR, **JOB))
    logger.close()
    assert "stopped: x/seeds, part 2" in capsys.readouterr().err


def test_messages_that_are_not_known_are_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    logger = handler()
    logger.emit(record("Nothing to be done (all requested files are present and up to date)."))
    logger.close()
    assert capsys.readouterr().err.startswith("Nothing to be done")


def test_jobs_leave_their_status_in_a_folder_that_lasts_as_long_as_the_run(workdir: Path) -> None:
    logger = handler()
    folder = Path(os.environ[FOLDER_VARIABLE])
    assert folder.is_dir()
    assert folder.parent == workdir / "logs"
    logger.close()
    logger.close()
    assert not folder.exists()


@pytest.mark.parametrize("asked", ["dryrun", "verbose", "printshellcmds"])
def test_where_snakemake_is_asked_to_say_more_it_says_it_in_its_own_words(
    asked: str, capsys: pytest.CaptureFixture[str], workdir: Path
) -> None:
    logger = handler(**{asked: True})
    logger.emit(record("Building DAG of jobs..."))
    logger.emit(record(None))
    logger.close()
    said = capsys.readouterr()
    assert (said.out, said.err)[asked != "dryrun"] == "Building DAG of jobs...\n"
    assert list(workdir.iterdir()) == []


def test_a_fault_of_the_display_does_not_end_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = handler()
    logger.emit(record("no fields", LogEvent.JOB_INFO))
    logger.close()
    assert "KeyError" in capsys.readouterr().err
