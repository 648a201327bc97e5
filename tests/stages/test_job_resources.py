"""What jobs ask for."""

from pathlib import Path
from typing import Any

import pytest

from wsss_core.registry import KINDS
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import ComputeSettings
from wsss_core.settings.resources import SNAKEMAKE_MB, usual
from wsss_core.stages.job_resources import cpus_of_job, growing, launcher, resources_of_job


def compute(**values: Any) -> ComputeSettings:
    return ComputeSettings.parse(values, "compute")


def asked(kind: str, attempt: int = 1, **values: Any) -> dict[str, Any]:
    found = resources_of_job(kind, compute(**values), Path("/no/devices"))
    return {name: value(None, attempt=attempt) if callable(value) else value for name, value in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_usual_amount_and_names_no_partition(kind: str) -> None:
    found = asked(kind)
    assert found["mem_mb"] == (usual(kind).memory_mb or 0) + SNAKEMAKE_MB
    assert found["runtime"] == usual(kind).minutes
    assert set(found) == {"mem_mb", "runtime", "gpu"}


def test_the_table_wins_over_the_usual_amounts_key_by_key() -> None:
    found = asked("segmenter", resources={"segmenter": {"memory_mb": 64000}})
    assert found["mem_mb"] == 64000 + SNAKEMAKE_MB
    assert found["runtime"] == usual("segmenter").minutes
    assert asked("classifier", resources={"segmenter": {"memory_mb": 64000}}) == asked("classifier")


def test_a_retry_asks_for_more_memory_and_time_but_for_as_many_cards() -> None:
    first, third = asked("cams", 1, device="cuda"), asked("cams", 3, device="cuda")
    assert third["mem_mb"] - SNAKEMAKE_MB == pytest.approx(2.25 * (first["mem_mb"] - SNAKEMAKE_MB), abs=1)
    assert third["runtime"] == 2.25 * first["runtime"]
    assert third["gpu"] == first["gpu"] == 1


@pytest.mark.parametrize("attempt", [1, 2, 5])
def test_without_growth_every_attempt_asks_for_the_same(attempt: int) -> None:
    assert growing(700, 1.0)(None, attempt=attempt) == 700


def test_jobs_with_a_card_go_to_their_own_partition() -> None:
    cluster = {"partition": "cpu", "gpu_partition": "gpu", "account": "lab"}
    assert asked("cams", device="cuda", cluster=cluster)["slurm_partition"] == "gpu"
    assert asked("seeds", device="cuda", cluster=cluster)["slurm_partition"] == "cpu"
    assert asked("seeds", device="cuda", cluster=cluster)["slurm_account"] == "lab"
    own = {"cams": {"partition": "big"}}
    assert asked("cams", device="cuda", cluster=cluster, resources=own)["slurm_partition"] == "big"
    assert asked("cams", device="cuda", cluster={"partition": "all"})["slurm_partition"] == "all"


def test_a_kind_may_do_without_cards() -> None:
    assert asked("refined_cams", device="cuda", resources={"refined_cams": {"gpus": 0}})["gpu"] == 0


def test_cores_of_a_training_are_its_threads_and_loaders() -> None:
    settings = compute(training_threads=4, loader_workers=3, resources={"affinity": {"cpus": 2}})
    assert [cpus_of_job(kind, settings) for kind in ("classifier", "affinity", "seeds")] == [7, 2, 1]


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"no kind of stage 'segmentor'; did you mean 'segmenter'\?"):
        compute(resources={"segmentor": {"minutes": 3}})


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"gpus": -1}, {"memory": 5}, {"partition": "a b; rm"}])
def test_a_wrong_amount_is_refused_with_its_key(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=rf"resources\.cams\.{next(iter(wrong))}|unknown key"):
        compute(resources={"cams": wrong})


def test_processes_of_a_training_have_cores_and_cards_of_their_own_and_torchrun_starts_them() -> None:
    settings = compute(training_processes=2, training_threads=3, device="cuda")
    assert cpus_of_job("segmenter", settings) == 6
    assert [asked(kind, training_processes=2, device="cuda")["gpu"] for kind in ("segmenter", "cams")] == [2, 1]
    assert launcher(settings).endswith("--nproc-per-node 2")
    assert launcher(compute()) == "python"
