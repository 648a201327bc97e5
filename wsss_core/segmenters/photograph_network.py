"""From a photograph to class probabilities in one look: what a segmentation network says by itself, of any family.

Scales, mirrors, tiles, canvases and the CRF of the predictions stage are not in it.
"""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.canvas import canvas_of
from wsss_core.segmenters.query_scores import input_scores
from wsss_core.segmenters.scores import enlarge
from wsss_core.settings.one_stage import OneStagePredictionsSettings

_SMALLEST_SUM = 1e-12


class PhotographNetwork(nn.Module):
    """The network between a photograph and probabilities at its size.

    `one_stage`: how a one-stage network decides which classes are in the image and weighs the background; of the other
    settings none is used. `look_hw`: size at which the network looks at every photograph, or None for its own.
    """

    input_mean: torch.Tensor
    input_std: torch.Tensor

    def __init__(
        self,
        network: SegmentationNetwork,
        card: NetworkCard,
        one_stage: OneStagePredictionsSettings | None = None,
        look_hw: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.canvas, self.look_hw = network, canvas_of(card), look_hw
        self.one_stage = one_stage or OneStagePredictionsSettings()
        rule = card.normalisation
        self.bgr, self.scale = rule.bgr, rule.scale
        self.register_buffer("input_mean", torch.tensor(rule.mean).view(1, 3, 1, 1))
        self.register_buffer("input_std", torch.tensor(rule.std).view(1, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Uint8 RGB (1, H, W, 3) to probabilities float32 (1, K, H, W), which sum to 1 over the classes."""
        values_13HW = image.permute(0, 3, 1, 2).float()
        values_13HW = (values_13HW.flip(1) if self.bgr else values_13HW) * self.scale
        values_13HW = (values_13HW - self.input_mean) / self.input_std
        if self.look_hw is None:
            return self._probabilities(values_13HW)
        seen = functional.interpolate(values_13HW, size=self.look_hw, mode="bilinear", align_corners=False)
        size_hw = (image.shape[1], image.shape[2])
        return functional.interpolate(self._probabilities(seen), size=size_hw, mode="bilinear", align_corners=False)

    def _probabilities(self, x: torch.Tensor) -> torch.Tensor:
        network = self.network
        if isinstance(network, OneStageNetwork):
            return one_stage_probabilities(network, x, self.one_stage)
        if isinstance(network, Mask2Former):
            return shares(input_scores(network, x))
        if isinstance(network, PixelEmbedding):
            return network.classify(network.embed_pixels(x)).softmax(1)
        return enlarge(network(x), network.stride, (x.shape[2], x.shape[3]), self.canvas).softmax(1)


def one_stage_probabilities(
    network: OneStageNetwork, x: torch.Tensor, settings: OneStagePredictionsSettings
) -> torch.Tensor:
    """Shares (B, K, H, W) of a normalised batch (B, 3, H, W): the masks of the classes whose tag probability is above
    `tag_cut`, against the background of the settings."""
    tag_scores_BC, scores_BKhw = network.tags_and_scores(x, settings.focal_lambda)
    mask_BKHW = network.masks(scores_BKhw, (x.shape[2], x.shape[3]), list(range(network.classes)))
    is_there_BC = tag_scores_BC.sigmoid() > settings.tag_cut
    if settings.background == "constant":
        background_B1HW = torch.full_like(mask_BKHW[:, :1], settings.background_constant)
    else:
        background_B1HW = mask_BKHW[:, :1] ** settings.background_power
    return shares(torch.cat([background_B1HW, mask_BKHW[:, 1:] * is_there_BC[:, :, None, None]], dim=1))


def shares(scores_BKHW: torch.Tensor) -> torch.Tensor:
    """Scores of at least 0 as parts of their sum over the classes."""
    return scores_BKHW / scores_BKHW.sum(1, keepdim=True).clamp(min=_SMALLEST_SUM)
