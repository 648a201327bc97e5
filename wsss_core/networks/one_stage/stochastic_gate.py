"""Stochastic gate (Araslanov & Roth, CVPR 2020, 4.3): training sees either the deep or the shallow feature, element by
element, so that the deep one cannot copy the shallow one's details."""

import torch
from torch import nn

SHALLOW_SHARE = 0.3  # psi


class StochasticGate(nn.Module):
    """Mixes a deep and a shallow feature of one shape."""

    def __init__(self, shallow_share: float = SHALLOW_SHARE) -> None:
        """`shallow_share`: weight of the shallow feature, and the probability of taking it alone in training."""
        super().__init__()
        self.shallow_share = shallow_share

    def forward(self, deep: torch.Tensor, shallow: torch.Tensor) -> torch.Tensor:
        """In training a random choice, whose mean is the deep feature; in evaluation their mixture, as in the public
        codes."""
        if not self.training:
            return (1 - self.shallow_share) * deep + self.shallow_share * shallow
        takes_deep = torch.rand_like(deep, dtype=torch.float32) >= self.shallow_share
        return gated(deep, shallow, takes_deep, self.shallow_share)


def gated(deep: torch.Tensor, shallow: torch.Tensor, takes_deep: torch.Tensor, shallow_share: float) -> torch.Tensor:
    """Where `takes_deep` (bool) the deep feature, freed from its share of the shallow one; elsewhere the shallow
    one."""
    return torch.where(takes_deep, (deep - shallow_share * shallow) / (1 - shallow_share), shallow)
