"""The SLURM profile on a real SLURM whose controller goes away, and runs whose Snakemake is killed."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from slurm.box import CONFIG, OUTPUT, TIMEOUT_S, Box, wait_for
from slurm.faults import hold_trainings
from slurm.products import RESULTS, Products, change_times, of_stage, products

from wsss_core.artifacts.claim import Claim, claim_file, read_claim

DATA, REGIONS, CLASSIFIER = (f"{RESULTS}/{stage}/stage.json" for stage in ("data", "regions", "classifier"))
OUTAGE_S = 60
LOG = "logs/cluster/classifier.log"


def waits_for_controller(checkout: Path) -> Callable[[], bool]:
    """Whether a run in `checkout` has said that it waits."""
    return lambda: "SLURM's controller does not answer; waiting for it" in (checkout / OUTPUT).read_text()


def wait_for_training(checkout: Path) -> Claim:
    """Wait until the training has begun; the claim that it holds."""
    path = claim_file(checkout / RESULTS / "classifier/model.safetensors")
    wait_for(lambda: read_claim(path), "the training")
    claim = read_claim(path)
    assert claim is not None
    return claim


def test_a_controller_that_is_gone_for_a_minute_costs_nothing_but_the_time(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    before = len(box.ended_jobs())
    with box.start(checkout, REGIONS) as process:
        wait_for(lambda: box.queue(checkout), "the first job")
        with box.without_controller():
            time.sleep(OUTAGE_S)
        box.wait(process, checkout)
    assert products(checkout) == of_stage(unbroken, "regions")
    assert [job.state for job in box.ended_jobs()[before:]] == ["COMPLETED"] * 4


def test_a_run_that_begins_without_a_controller_waits_for_it(box: Box, checkout: Path) -> None:
    with ExitStack() as outage:
        outage.enter_context(box.without_controller())
        with box.start(checkout, DATA) as process:
            wait_for(waits_for_controller(checkout), "the run to wait")
            status = box.wsss(checkout, "status").stdout
            assert "goes on" in status
            assert "cluster/data" in status
            assert "cluster's queue is not known" in status
            outage.close()
            text = box.wait(process, checkout)
    assert "Trying to restart" not in text
    assert (checkout / DATA).is_file()


def test_ctrl_c_ends_a_run_that_waits_for_the_controller(box: Box, checkout: Path) -> None:
    with box.without_controller(), box.start(checkout, DATA) as process:
        wait_for(waits_for_controller(checkout), "the run to wait")
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) != 0
    assert not (checkout / DATA).exists()


def test_a_killed_snakemake_leaves_jobs_that_status_shows_and_a_new_run_redoes_nothing_finished(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    hold = hold_trainings(checkout)
    with box.start(checkout) as process:
        wait_for_training(checkout)
        wait_for(lambda: len(products(checkout, "regions")) == 3, "the parts of the regions")
        process.kill()
    status = box.wsss(checkout, "status").stdout
    assert "was killed" in status
    assert "Orphans: jobs on the cluster whose Snakemake is gone." in status
    assert "rule_classifier" in status
    assert "cluster/classifier is being written by process" in status
    refused = box.wsss(checkout, "run", CONFIG, "--profile", "slurm")
    assert refused.returncode == 2
    assert "a new run would start them a second time" in refused.stderr
    hold.unlink()
    wait_for(lambda: not box.queue(checkout), "the end of the orphans")
    kept = change_times(checkout)
    assert len(kept) >= 4  # the regions, and the network that the orphan has made
    box.wsss(checkout, "run", CONFIG, "--profile", "slurm", "--", "--unlock")
    box.run(checkout)
    assert products(checkout) == unbroken
    assert {path: change_times(checkout)[path] for path in kept} == kept


def test_a_second_snakemake_started_by_force_never_writes_beside_the_orphans_of_the_first(
    box: Box, checkout: Path, unbroken: Products
) -> None:
    hold = hold_trainings(checkout)
    with box.start(checkout, CLASSIFIER) as process:
        first = wait_for_training(checkout)
        process.kill()
    box.run(checkout, CLASSIFIER, "--unlock")
    with box.start(checkout, CLASSIFIER) as second:
        wait_for(lambda: f"SLURM job {first.slurm_job}; waiting" in (checkout / LOG).read_text(), "the second writer")
        assert not products(checkout)
        hold.unlink()
        box.wait(second, checkout)
    assert "the job that was waited for has made all of this stage" in (checkout / LOG).read_text()
    assert products(checkout) == of_stage(unbroken, "classifier")
