"""What Snakemake asks for a job: cores, cards, memory, time, partition, account. Imports no torch."""

from collections.abc import Callable, Mapping
from pathlib import Path

from wsss_core import registry
from wsss_core.settings.experiment import ComputeSettings
from wsss_core.settings.resources import SNAKEMAKE_MB, JobResources, usual
from wsss_core.stages.gpus import gpus_of_job

Asked = int | str | Callable[..., int]
"""A resource of a rule; a function where a retry asks for more."""


def cpus_of_job(kind: str, compute: ComputeSettings) -> int:
    """Cores of a job: as the table says, else the threads and loader processes of a training, else 1."""
    own = _own(kind, compute).cpus
    if own is not None:
        return own
    each = compute.training_threads + compute.loader_workers
    return compute.training_processes * each if kind in registry.TRAINING_KINDS else 1


def launcher(compute: ComputeSettings) -> str:
    """The words before a training's script: Python itself, or torchrun where several processes share a training."""
    if compute.training_processes == 1:
        return "python"
    return f"python -m torch.distributed.run --standalone --nproc-per-node {compute.training_processes}"


def resources_of_job(kind: str, compute: ComputeSettings, devices: Path = Path("/dev")) -> Mapping[str, Asked]:
    """Resources of a rule for stages of `kind`, by Snakemake's names; what is not set is left out.

    `mem_mb` (with the room that Snakemake itself takes) and `runtime` (minutes) grow with the attempt. `devices`: see
    `stages.gpus`.
    """
    own, standard = _own(kind, compute), usual(kind)
    each = compute.training_processes if kind in registry.TRAINING_KINDS else 1
    cards = each * gpus_of_job(kind, compute.device, devices) if own.gpus is None else own.gpus
    growth = compute.cluster.retry_growth
    memory_mb = own.memory_mb or standard.memory_mb or 0
    asked: dict[str, Asked] = {
        "mem_mb": growing(memory_mb, growth, SNAKEMAKE_MB),
        "runtime": growing(own.minutes or standard.minutes or 0, growth),
        "gpu": cards,
    }
    cluster = compute.cluster
    partition = own.partition or (cluster.gpu_partition if cards else None) or cluster.partition
    named = {"slurm_partition": partition, "slurm_account": cluster.account}
    return {**asked, **{name: value for name, value in named.items() if value is not None}}


def growing(amount: int, growth: float, extra: int = 0) -> Callable[..., int]:
    """A resource function of Snakemake: `amount` · `growth`^(attempt - 1) + `extra`, rounded."""

    def of_attempt(wildcards: object, attempt: int) -> int:
        return round(amount * growth ** (attempt - 1)) + extra

    return of_attempt


def _own(kind: str, compute: ComputeSettings) -> JobResources:
    return compute.resources.get(kind, JobResources())
