"""Snakemake's log of a run on a cluster, cut to what matters, for the tests of what is read from it."""

from pathlib import Path

NAME = "2026-01-02T030405.000006.snakemake.log"
RUN = "wsss_59b12beb-1234-4fff-ae91-90d6b36539df"
RULE = "=" * 80
HEAD = f"""
SNAKEMAKE
=========
  Date: 2026-01-02 03:04:05
  Host: login1
  Snakemake version: 9.27.1
  Working directory: /somewhere/else

Building DAG of jobs...
SLURM run ID: {RUN}
Job stats:
job         count
--------  -------
seeds           3
all             1
total           4

"""


def rule(number: int, part: int) -> str:
    """A seeds job begins and is submitted as SLURM job 100 + number."""
    return f"""[Fri Jan  2 03:04:06 2026]
rule seeds:
    input: results/tiny/cams/parts/0000{part}.arrow
    output: results/tiny/seeds/parts/0000{part}.arrow, results/tiny/seeds/stats/0000{part}.json
    log: logs/tiny/seeds/0000{part}.log
    jobid: {number}
    reason: Missing output files: results/tiny/seeds/parts/0000{part}.arrow
    wildcards: node=tiny/seeds, part=0000{part}
    resources: tmpdir=<TBD>, runtime=120, gpu=0
Job {number} has been submitted with SLURM jobid {100 + number} (log: /c/logs/slurm/{100 + number}.log).
"""


def finished(number: int) -> str:
    return f"Finished jobid: {number} (Rule: seeds)\n{number} of 4 steps (25%) done\n"


def failed(number: int, part: int, state: str = "TIMEOUT") -> str:
    """A failure as shown with `--show-failed-logs`: the log of the Snakemake within the job follows, jobs and all."""
    return f"""Error in rule seeds:
    message: SLURM-job '{100 + number}' failed, SLURM status is: '{state}'. Detailed failure reason unavailable
    jobid: {number}
    log: logs/tiny/seeds/0000{part}.log, /c/logs/slurm/{100 + number}.log (check log file(s) for error details)
    shell:
        python workflow_scripts/per_image.py --part 0000{part}
Logfile /c/logs/slurm/{100 + number}.log:
{RULE}
SNAKEMAKE
=========
  Date: 2026-01-02 09:09:09
  Host: node7
total                1
rule seeds:
    log: logs/tiny/seeds/0000{part}.log
    jobid: 0
    wildcards: node=tiny/seeds, part=0000{part}
Error in rule seeds:
    message: None
    jobid: 0
Logfile logs/tiny/seeds/0000{part}.log:
{RULE}
Finished jobid: {number} (Rule: seeds)
{RULE}
Finished jobid: 0 (Rule: seeds)
{RULE}
"""


ENDED = "Complete log(s): /somewhere/.snakemake/log/x.snakemake.log\n"


def write_log(root: Path, *pieces: str, name: str = NAME) -> Path:
    """The log of a run in the checkout `root`."""
    path = root / ".snakemake" / "log" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(pieces))
    return path
