"""Modules whose BatchNorms never follow the data: statistics stay as they are, weight and bias learn."""

from typing import Self

from torch import nn

from wsss_core.networks.backbone import BATCH_NORM_TYPES


class FixedStatistics(nn.Module):
    """Keeps every BatchNorm within in evaluation mode, also after `train()`.

    Trained from the start, such a BatchNorm divides by sqrt(1 + 1e-5) and scales: the context modules of WS-FCN and of
    its parent are trained so.
    """

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`, without the BatchNorms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, BATCH_NORM_TYPES):
                module.eval()
        return self
