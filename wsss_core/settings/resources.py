"""What a job may ask of the machine or of a cluster's scheduler: one table by kind of stage.

Changing it reruns nothing.
"""

from collections.abc import Mapping
from typing import Annotated

import pydantic
from pydantic import Field

from wsss_core import registry
from wsss_core.settings.base import Settings, nearest

SNAKEMAKE_MB = 600
"""Memory of the Snakemakes nested in a job on a cluster, two processes of about 215 MB; added to every request."""

PartitionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,-]+$")]


class JobResources(Settings):
    """What one job asks for, before a retry raises it. None: the usual amount of the kind."""

    cpus: Annotated[int, Field(ge=1)] | None = None
    """Cores reserved; usually 1, and for a training its threads and loader processes. What a job computes does not
    depend on it."""
    gpus: Annotated[int, Field(ge=0)] | None = None
    """Cards; usually one where the kind runs networks and `device` is not cpu, and one per process of a training."""
    memory_mb: Annotated[int, Field(ge=100)] | None = None
    """Main memory of the job in MB."""
    minutes: Annotated[int, Field(ge=1)] | None = None
    """Longest time; the scheduler ends the job then. A training keeps its state and goes on in the retry."""
    partition: PartitionName | None = None
    """SLURM partition, before that of `cluster`."""


class ClusterSettings(Settings):
    """What all jobs tell the scheduler of a cluster."""

    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] | None = None
    """SLURM account that is charged; None: the user's default."""
    partition: PartitionName | None = None
    """SLURM partition of jobs without a card; None: the cluster's default."""
    gpu_partition: PartitionName | None = None
    """SLURM partition of jobs with a card; None: as `partition`."""
    retry_growth: Annotated[float, Field(ge=1, le=4)] = 1.5
    """Factor on memory and time with every retry of a failed job (how many there are is said in the profile)."""


USUAL: Mapping[str, JobResources] = {
    "data": JobResources(memory_mb=2000, minutes=120),
    "per_image": JobResources(memory_mb=4000, minutes=120),
    "training": JobResources(memory_mb=8000, minutes=1440),
    "evaluation": JobResources(memory_mb=2000, minutes=120),
    "report": JobResources(memory_mb=2000, minutes=60),
}
"""Usual amounts of a job by what its rule does; the times are for parts of some hundred photographs."""


def resource_table(values: Mapping[str, JobResources]) -> Mapping[str, JobResources]:
    """The table as given, its keys checked to be kinds of stages; raises `ValueError` with the nearest kind."""
    for kind in values:
        if kind not in registry.METHODS:
            raise ValueError(f"there is no kind of stage {kind!r}; {nearest(kind, list(registry.METHODS))}")
    return values


ResourceTable = Annotated[dict[str, JobResources], pydantic.AfterValidator(resource_table)]


def usual(kind: str) -> JobResources:
    """The usual amounts of a kind of stage."""
    if kind in registry.PER_IMAGE_KINDS:
        return USUAL["per_image"]
    return USUAL["training" if kind in registry.TRAINING_KINDS else kind]
