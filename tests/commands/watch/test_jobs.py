from wsss_core.commands.watch.jobs import FinishedStage, Jobs

STATS = {"all": 1, "data": 1, "seeds": 2, "summary": 1, "total": 5}


def start(jobs: Jobs, number: int, part: int, now_s: float = 0.0) -> None:
    file = f"results/x/seeds/parts/{part:05d}.arrow"
    jobs.start(number, "seeds", {"node": "x/seeds", "part": f"{part:05d}"}, [file], [f"logs/{part}.log"], now_s)


def test_the_target_all_is_no_job() -> None:
    jobs = Jobs()
    jobs.count(STATS)
    assert jobs.total == 4
    assert jobs.start(0, "all", {}, [], [], 0.0) is None
    assert jobs.finish(0, 1.0) is None
    assert jobs.done == 0


def test_jobs_are_named_as_they_call_themselves_and_titled_for_people() -> None:
    jobs = Jobs()
    start(jobs, 1, 3)
    jobs.start(2, "classifier", {"node": "x/classifier"}, ["results/x/classifier/stage.json"], [], 0.0)
    jobs.start(3, "evaluation", {"node": "x/evaluation", "target": "seeds"}, [], [], 0.0)
    jobs.start(4, "summary", {"node": "x/seeds"}, [], [], 0.0)
    assert [(job.name, job.title) for job in jobs.running.values()] == [
        ("x/seeds/00003", "x/seeds, part 3"),
        ("x/classifier", "x/classifier"),
        ("x/evaluation/seeds", "x/evaluation of seeds"),
        ("x/seeds", "x/seeds, summing up"),
    ]


def test_a_stage_is_finished_with_the_job_that_writes_its_record() -> None:
    jobs = Jobs()
    start(jobs, 1, 0, now_s=10.0)
    start(jobs, 2, 1, now_s=11.0)
    assert jobs.finish(1, 15.0) is None
    assert jobs.finish(2, 16.0) is None
    jobs.start(3, "summary", {"node": "x/seeds"}, ["results/x/seeds/stage.json"], [], 17.0)
    assert jobs.finish(3, 18.0) == FinishedStage("x/seeds", 3, 8.0)
    assert (jobs.done, jobs.running) == (3, {})


def test_a_report_ends_with_its_page() -> None:
    jobs = Jobs()
    jobs.start(1, "report", {"node": "x/report"}, ["results/x/report/report.html"], [], 0.0)
    assert jobs.finish(1, 2.0) == FinishedStage("x/report", 1, 2.0)


def test_a_failed_job_is_counted_once_and_not_as_done() -> None:
    jobs = Jobs()
    start(jobs, 1, 0)
    failed = jobs.fail(1)
    assert failed is not None
    assert failed.logs == ("logs/0.log",)
    assert jobs.fail(1) is None
    assert (jobs.done, jobs.failed, jobs.stopped) == (0, 1, 0)


def test_after_the_user_asked_for_the_end_jobs_are_stopped_not_failed() -> None:
    jobs = Jobs(stopping=True)
    start(jobs, 1, 0)
    jobs.fail(1)
    assert (jobs.failed, jobs.stopped) == (0, 1)
