from wsss_core.commands.dry_run import Job, parse_jobs, stage_of

OUTPUT = """\
Building DAG of jobs...
Job stats:
job           count
----------  -------
seeds             1
total             3

[Sat Nov 21 03:35:41 2026]
rule seeds:
    input: results/demo/cams/parts/00000.arrow
    output: results/demo/seeds_030/parts/00000.arrow
    log: logs/demo/seeds_030/00000.log
    jobid: 1
    reason: Missing output files: results/demo/seeds_030/parts/00000.arrow; Code has changed since last execution
    wildcards: experiment=demo, stage=seeds_030, part=00000
    resources: tmpdir=/tmp
[Sat Nov 21 03:35:41 2026]
localrule evaluation:
    input: results/demo/seeds_030/stage.json
    output: results/demo/evaluation/seeds_030.json, results/demo/evaluation/stage.json
    jobid: 5
    reason: Input files updated by another job: results/demo/seeds_030/stage.json
rule all:
    input: results/demo/evaluation/stage.json
    jobid: 0
    reason: Input files updated by another job: results/demo/evaluation/stage.json
    resources: tmpdir=/tmp
Job stats:
    reason: this line belongs to no job
This was a dry-run (flag -n). The order of jobs does not reflect the order of execution.
"""


def test_jobs_are_read_with_outputs_and_reasons() -> None:
    seeds, evaluation, target = parse_jobs(OUTPUT)
    assert seeds == Job(
        "seeds",
        ("results/demo/seeds_030/parts/00000.arrow",),
        "Missing output files: results/demo/seeds_030/parts/00000.arrow; Code has changed since last execution",
    )
    assert evaluation.rule == "evaluation"
    assert evaluation.outputs == ("results/demo/evaluation/seeds_030.json", "results/demo/evaluation/stage.json")
    assert target.outputs == ()


def test_a_run_with_nothing_to_do_has_no_jobs() -> None:
    assert (
        parse_jobs("Building DAG of jobs...\nNothing to be done (all requested files are present and up to date).\n")
        == []
    )


def test_a_job_at_the_end_of_the_output_is_not_lost() -> None:
    assert parse_jobs("rule cams:\n    output: results/a/cams/x\n    reason: Forced execution") == [
        Job("cams", ("results/a/cams/x",), "Forced execution")
    ]


def test_stages_are_told_from_paths() -> None:
    assert stage_of("results/demo/cams/parts/00000.arrow", "results") == "demo/cams"
    assert stage_of("/big/disk/demo/cams/stage.json", "/big/disk") == "demo/cams"
    assert stage_of("results/demo/graph.svg", "results") is None
    assert stage_of("logs/demo/cams/00000.log", "results") is None
