"""What Snakemake (9.27) has written on a run into `.snakemake/log/`: its jobs, and what became of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

FOLDER = Path(".snakemake/log")
ENDING = ".snakemake.log"
State = Literal["running", "finished", "failed"]

_HEAD = re.compile(r"^(?:local)?(?P<error>Error in )?(?:rule|checkpoint) (?P<rule>\w+):$")
_ENTRY = re.compile(r"^    (?P<key>[a-z_]+): (?P<value>.*)$")
_FINISHED = re.compile(r"^Finished jobid: (\d+) \(Rule: (\w+)\)")
_SUBMITTED = re.compile(r"^Job (\d+) has been submitted with SLURM jobid (\d+)")
_SLURM_RUN = re.compile(r"^SLURM run ID: (\S+)$")
_ABOUT = re.compile(r"^  (?P<key>Date|Host|Working directory): (?P<value>.*)$")
_TOTAL = re.compile(r"^total +(\d+)$")
_SHOWN_LOG = re.compile(r"^Logfile .*:$")
_ENDED = "Complete log(s):"
_SLURM_STATE = re.compile(r"SLURM status is: '(\w+)'")
_TARGET_RULE = "all"


@dataclass
class LoggedJob:
    """A job: its number in this run, its rule, the wildcards as one text, its logs.

    `slurm_job`: its number on the cluster; `reason`: SLURM's word on a failure.
    """

    number: int
    rule: str
    wildcards: str = ""
    logs: tuple[str, ...] = ()
    state: State = "running"
    failures: int = 0
    slurm_job: str = ""
    reason: str = ""

    @property
    def title(self) -> str:
        """What a person calls it: "experiment/stage", with the part or the evaluated stage."""
        values = dict(item.split("=", 1) for item in self.wildcards.split(", ") if "=" in item)
        node = values.pop("node", self.rule)
        return ", ".join([node, *(f"{name} {value}" for name, value in values.items())])


@dataclass
class RunLog:
    """One run. `slurm_run`: what its jobs are called on the cluster, empty on a workstation; `ended`: in good order."""

    path: Path
    date: str = ""
    host: str = ""
    folder: str = ""
    slurm_run: str = ""
    total: int = 0
    ended: bool = False
    jobs: dict[int, LoggedJob] = field(default_factory=dict)

    @property
    def started(self) -> datetime:
        """When Snakemake opened the log, by its name: local time."""
        return datetime.strptime(self.path.name.removesuffix(ENDING), "%Y-%m-%dT%H%M%S.%f")

    def in_state(self, state: State) -> list[LoggedJob]:
        """Jobs of a state, in the order in which they began; the target `all` is none."""
        return [job for job in self.jobs.values() if job.state == state and job.rule != _TARGET_RULE]


def run_logs(root: Path, newest: int) -> list[RunLog]:
    """The last `newest` runs in the checkout `root` that had jobs to do, the latest first."""
    logs = (read_run_log(path) for path in sorted((root / FOLDER).glob(f"*{ENDING}"), reverse=True))
    found = []
    for log in logs:
        if log.jobs:
            found.append(log)
        if len(found) == newest:
            break
    return found


def read_run_log(path: Path) -> RunLog:
    """A run from its log, finished or not; what cannot be read is passed over."""
    log = RunLog(path)
    lines = list(_own_lines(path.read_text(encoding="utf-8", errors="replace").splitlines()))
    for start, line in enumerate(lines):
        if head := _HEAD.match(line):
            _note_block(log, head["rule"], bool(head["error"]), dict(_entries(lines[start + 1 :])))
        else:
            _note_line(log, line)
    return log


def _own_lines(lines: list[str]) -> Iterator[str]:
    """The lines without the logs of failed jobs that Snakemake shows in its own, each between two equal rules.

    On a cluster such a log is that of a Snakemake within the job, with a job 0 of its own, and may show logs again.
    """
    open_rules: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        is_rule = bool(line) and not line.strip("=")
        if is_rule and _SHOWN_LOG.match(before):
            open_rules.append(line)
        elif open_rules and line == open_rules[-1]:
            open_rules.pop()
        elif not open_rules:
            yield line


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        entry = _ENTRY.match(line)
        if entry:
            yield entry["key"], entry["value"]
        elif not line.startswith(" "):
            return


def _note_block(log: RunLog, rule: str, is_error: bool, entries: dict[str, str]) -> None:
    number = int(entries["jobid"]) if entries.get("jobid", "").isdigit() else None
    if number is None:
        return
    if not is_error:
        old = log.jobs.get(number)
        logs = tuple(file for file in entries.get("log", "").split(", ") if file)
        log.jobs[number] = LoggedJob(
            number, rule, entries.get("wildcards", ""), logs, failures=old.failures if old else 0
        )
    elif number in log.jobs:
        job = log.jobs[number]
        state = _SLURM_STATE.search(entries.get("message", ""))
        job.state, job.failures, job.reason = "failed", job.failures + 1, state[1] if state else ""


def _note_line(log: RunLog, line: str) -> None:
    if found := _FINISHED.match(line):
        job = log.jobs.get(int(found[1]))
        if job is not None and job.rule == found[2]:  # a shown log that has a rule of its own ends too soon
            job.state = "finished"
    elif (found := _SUBMITTED.match(line)) and int(found[1]) in log.jobs:
        log.jobs[int(found[1])].slurm_job = found[2]
    elif found := _SLURM_RUN.match(line):
        log.slurm_run = found[1]
    elif found := _TOTAL.match(line):
        log.total = int(found[1])
    elif line.startswith(_ENDED):
        log.ended = True
    elif about := _ABOUT.match(line):
        name = {"Date": "date", "Host": "host", "Working directory": "folder"}[about["key"]]
        setattr(log, name, about["value"])
