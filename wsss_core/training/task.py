"""What a method hands to the training loop: a network, samples, a loss; and, if it likes, a validation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from wsss_core.networks.network import Network, ParameterGroups
from wsss_core.training.optimisers import GroupRule

Sample = dict[str, torch.Tensor]
"""One prepared image with its targets; every sample of a training has the same keys and shapes."""
Batch = dict[str, torch.Tensor]
"""Samples stacked key by key, on the training device."""
Figures = Mapping[str, float | Mapping[str, float | None] | None]
"""Named results; None where a figure does not exist (a class without positives)."""


class Samples(Protocol):
    """The training images. Must be picklable when `workers` is above 0 on systems that do not fork."""

    def __len__(self) -> int:
        """Number of images."""
        ...

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """Image `index`, augmented with random numbers from `generator` alone."""
        ...


class Task(ABC):
    """One training."""

    network: Network
    samples: Samples
    epoch: int = 0
    """Passes over the training images before the present step, set by the loop: for losses that change on the way."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Scalar loss of a batch, with the network in training mode, and further figures for the history."""

    @abstractmethod
    def publish(self, folder: Path) -> None:
        """Save the trained network into the stage's folder, atomically."""

    def parameter_groups(self) -> ParameterGroups:
        """Names of the parameters by role, see `training.optimisers`."""
        return self.network.parameter_groups()

    def group_rules(self) -> Sequence[GroupRule] | None:
        """Rates and decay of these groups; None: those of their number, see `training.optimisers`."""
        return None

    def start_training_mode(self) -> None:
        """Set the network's mode before steps; called again after each validation."""
        self.network.train()

    def state(self) -> dict[str, torch.Tensor]:
        """What the task itself remembers from step to step, besides network and optimiser."""
        return {}

    def restore(self, state: dict[str, torch.Tensor]) -> None:  # noqa: B027 - most tasks remember nothing
        """Put back what `state` returned; called once, before the first step of a continued training."""

    def validate(self) -> Figures:
        """Figures on the validation images, an empty mapping where there are none."""
        return {}
