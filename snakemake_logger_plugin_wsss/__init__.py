"""Snakemake logger `wsss`: progress of the running jobs instead of Snakemake's long texts (`snakemake --logger wsss`).

Snakemake finds logger plugins by the name of their package; `wsss run` chooses this one. It runs in Snakemake's
process, so nothing stands between Snakemake and signals. All of Snakemake's own texts are in `.snakemake/log/` still.
"""

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from wsss_core.commands.watch.watcher import Watcher
from wsss_core.progress import FOLDER_VARIABLE

LOGS = Path("logs")
CHATTER = (
    *("Assuming", "Building DAG", "Using shell", "Select jobs", "Conda environments: ignored", "Elapsed time"),
    *("RuleException:\nCalledProcessError", "Exiting because a job", "WorkflowError:\nAt least one job did not"),
)
"""Beginnings of messages that say nothing on the results, or again what was said of a failed job."""
USER_REQUEST = "Terminating processes on user request"
WHERE_IT_STANDS = "Complete log"
SILENT = (
    LogEvent.SHELLCMD,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.WORKFLOW_STARTED,
)


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into what `Watcher` shows; where Snakemake is asked to say more, it says all itself."""

    def __post_init__(self) -> None:
        asked = self.common_settings
        self.watcher = None if asked.dryrun or asked.verbose or asked.printshellcmds else _new_watcher()

    @property
    def writes_to_stream(self) -> bool:
        """Snakemake writes nothing besides."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No file of its own."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's filter, for `--quiet`."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's words, for what is passed on."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Show one event of Snakemake."""
        try:
            if self.watcher is not None:
                self._show(self.watcher, record)
            elif text := self.format(record):
                print(text, file=sys.stdout if self.common_settings.dryrun else sys.stderr, flush=True)
        except Exception:  # the logging module's own way: a fault of the display must not end the run
            self.handleError(record)

    def _show(self, watcher: Watcher, record: logging.LogRecord) -> None:
        about = vars(record)
        event = about.get("event")
        if event == LogEvent.RUN_INFO:
            watcher.count(about["stats"])
        elif event == LogEvent.JOB_INFO:
            wildcards = {name: str(value) for name, value in about["wildcards"].items()}
            watcher.start(about["jobid"], about["rule_name"], wildcards, about["output"], about["log"])
        elif event == LogEvent.JOB_FINISHED:
            watcher.finish(about["job_id"])
        elif event == LogEvent.JOB_ERROR:
            watcher.fail(about["jobid"], self.format(record))
        elif event not in SILENT:
            _pass_on(watcher, self.format(record))

    def close(self) -> None:
        """The run is over."""
        if self.watcher is not None:
            self.watcher.close()
            shutil.rmtree(self.watcher.folder, ignore_errors=True)
        super().close()


def _new_watcher() -> Watcher:
    """A watcher, in whose folder the jobs that this process starts will leave their status."""
    LOGS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="progress-", dir=LOGS)).resolve()
    os.environ[FOLDER_VARIABLE] = str(folder)
    return Watcher(folder, sys.stderr)


def _pass_on(watcher: Watcher, message: str) -> None:
    """Show a message of Snakemake, if it says something."""
    if message.startswith(USER_REQUEST):
        watcher.stop()
    if message.startswith(WHERE_IT_STANDS) and not watcher.jobs.failed:
        return
    if not message.startswith(CHATTER):
        watcher.say(message)
