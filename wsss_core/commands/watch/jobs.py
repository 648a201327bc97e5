"""Which jobs of a run are at work, finished, failed, as Snakemake reports them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

STAGE_ENDS = ("stage.json", "report.html")
"""Files whose making ends a stage."""
SUMMING_UP = "summing up"


@dataclass(frozen=True)
class Job:
    """A job at work. `name`: as it calls itself in its status file, "experiment/stage[/part or target]".

    `stage`: "experiment/stage"; `ends_stage`: whether nothing of the stage is left to do after it.
    """

    name: str
    title: str
    stage: str
    ends_stage: bool
    started_s: float
    logs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FinishedStage:
    """A stage that has just been completed: how many jobs this run needed for it, and seconds from first to last."""

    stage: str
    jobs: int
    took_s: float


@dataclass
class Jobs:
    """All jobs of one run. `stopping`: the user has asked for the end, so that a job that breaks off has not failed.

    Times are seconds of one clock, of the caller's choice.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    stopped: int = 0
    stopping: bool = False
    running: dict[int, Job] = field(default_factory=dict)
    _of_stage: dict[str, int] = field(default_factory=dict)
    _stage_started_s: dict[str, float] = field(default_factory=dict)

    def count(self, jobs_per_rule: Mapping[str, int]) -> None:
        """Note how many jobs there will be, from Snakemake's table; the target `all` makes nothing."""
        self.total = jobs_per_rule.get("total", 0) - jobs_per_rule.get("all", 0)

    def start(
        self,
        number: int,
        rule: str,
        wildcards: Mapping[str, str],
        outputs: Sequence[str],
        logs: Sequence[str],
        now_s: float,
    ) -> Job | None:
        """Note that job `number` has begun. None for one that belongs to no stage."""
        if "node" not in wildcards:
            return None
        stage = wildcards["node"]
        item = wildcards.get("part") or wildcards.get("target")
        ends = any(PurePath(file).name in STAGE_ENDS for file in outputs)
        name = f"{stage}/{item}" if item else stage
        job = Job(name, _title(rule, wildcards), stage, ends, now_s, tuple(logs))
        self.running[number] = job
        self._of_stage[stage] = self._of_stage.get(stage, 0) + 1
        self._stage_started_s.setdefault(stage, now_s)
        return job

    def finish(self, number: int, now_s: float) -> FinishedStage | None:
        """Note the good end of a job; the stage, if this was its last."""
        job = self.running.pop(number, None)
        if job is None:
            return None
        self.done += 1
        if not job.ends_stage:
            return None
        return FinishedStage(job.stage, self._of_stage[job.stage], now_s - self._stage_started_s[job.stage])

    def fail(self, number: int) -> Job | None:
        """Note that a job has failed or was stopped; the job, or None when it is not known."""
        job = self.running.pop(number, None)
        self.stopped += job is not None and self.stopping
        self.failed += job is not None and not self.stopping
        return job


def _title(rule: str, wildcards: Mapping[str, str]) -> str:
    """What a person calls the job: stage, and part, evaluated stage or step."""
    if "part" in wildcards:
        return f"{wildcards['node']}, part {int(wildcards['part'])}"
    if "target" in wildcards:
        return f"{wildcards['node']} of {wildcards['target']}"
    return f"{wildcards['node']}, {SUMMING_UP}" if rule in ("summary", "evaluated") else wildcards["node"]
