"""The SLURM profile on a real SLURM: parts as jobs, and jobs that fail, are cancelled or run out of time."""

import re
from itertools import pairwise
from pathlib import Path

import yaml
from slurm.box import CONFIG, OUTPUT, Box, wait_for
from slurm.faults import FAULT, fail_once, hold_trainings, slow_first_training
from slurm.products import RESULTS, Products, change_times, of_stage, products

CLASSIFIER, REGIONS = f"{RESULTS}/classifier/stage.json", f"{RESULTS}/regions/stage.json"
SNAKEMAKE_MB = 600
OUT_OF_TIME = "config/test/out_of_time.yaml"


def test_parts_are_jobs_a_failed_one_is_tried_again_with_more_and_the_result_is_that_of_one_machine(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    fail_once(checkout, "regions", 1)
    hold = hold_trainings(checkout)
    before = len(box.ended_jobs())
    with box.start(checkout) as process:
        at_work = r"cluster/classifier +\d+ +RUNNING +\S+ +cpu1"
        wait_for(lambda: re.search(at_work, box.wsss(checkout, "status").stdout), "the training in `wsss status`")
        assert "goes on" in box.wsss(checkout, "status").stdout
        hold.unlink()
        box.wait(process, checkout)
    assert products(checkout) == unbroken
    said = (checkout / OUTPUT).read_text()
    assert said.count("Trying to restart job") == 1
    assert "SLURM status is: 'FAILED'" in said
    ended = box.ended_jobs()[before:]
    # data, classifier, evaluation, and three parts of regions, cams and seeds, one of them twice
    assert len(ended) == 13
    (failed,) = [job for job in ended if job.state == "FAILED"]
    asked = [(job.memory_mb - SNAKEMAKE_MB, job.minutes) for job in ended if job.memory_mb >= failed.memory_mb]
    assert (failed.memory_mb - SNAKEMAKE_MB, failed.minutes) == (400, 30)
    assert (600, 45) in asked  # the retry; every other job has 30 or 120 minutes
    with_card = sorted((job.started, job.ended) for job in ended if job.partition == "gpu")
    assert len(with_card) == 3  # the parts of the CAMs, one after the other, for there is one card
    assert all(before[1] <= after[0] for before, after in pairwise(with_card))
    assert "Nothing to be done" in box.run(checkout)


def test_a_job_that_fails_for_good_is_told_with_its_log_and_costs_no_other_part(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    fail_once(checkout, "regions", 1)
    with box.start(checkout, REGIONS, "--retries", "0") as process:
        assert process.wait() == 1
    made = change_times(checkout)
    assert len(made) == 2
    told = box.wsss(checkout, "status").stdout
    assert "FAILED: cluster/regions, part 00001, SLURM says FAILED\n" in told
    (log,) = re.findall(r"log: (logs/cluster/regions/00001\.log)", told)
    assert FAULT in (checkout / log).read_text()
    assert FAULT in told
    box.run(checkout, REGIONS)
    assert products(checkout) == of_stage(unbroken, "regions")
    assert {path: change_times(checkout)[path] for path in made} == made


def test_a_cancelled_training_is_submitted_again_and_goes_on_where_it_was(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    resume = checkout / RESULTS / "classifier/resume"
    slow_first_training(checkout, 0.2)
    with box.start(checkout, CLASSIFIER) as process:
        wait_for(lambda: any(resume.glob("state-*.json")), "the training's first state")
        (number,) = [number for number, what in box.queue(checkout).items() if "rule_classifier" in what]
        box.slurm(checkout, "scancel", number)
        box.wait(process, checkout)
    assert "SLURM status is: 'CANCELLED'" in (checkout / OUTPUT).read_text()
    assert "goes on after step" in (checkout / "logs/cluster/classifier.log").read_text()
    assert products(checkout) == of_stage(unbroken, "classifier")


def test_a_training_out_of_time_keeps_its_state_and_goes_on_with_more_time(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    values = yaml.safe_load((checkout / CONFIG).read_text())
    values["compute"]["resources"]["classifier"]["minutes"] = 1
    values["compute"]["cluster"]["retry_growth"] = 4
    values["stages"]["classifier"]["checkpoint_every_s"] = 3600  # so that only SLURM's signal makes it keep one
    (checkout / OUT_OF_TIME).write_text(yaml.safe_dump(values, sort_keys=False))
    slow_first_training(checkout, 3.0)
    before = len(box.ended_jobs())
    box.run(checkout, CLASSIFIER, config=OUT_OF_TIME)
    assert "SLURM status is: 'TIMEOUT'" in (checkout / OUTPUT).read_text()
    assert "goes on after step" in (checkout / "logs/cluster/classifier.log").read_text()
    assert [(job.state, job.minutes) for job in box.ended_jobs()[before:]] == [
        ("COMPLETED", 120), ("TIMEOUT", 1), ("COMPLETED", 4),
    ]  # fmt: skip
    assert products(checkout) == of_stage(unbroken, "classifier")
