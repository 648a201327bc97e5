"""Networks of SPML (Ke et al., ICLR 2021): every cell gets a vector, and a small classifier reads classes off it."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.embedding_heads import DILATIONS, SummedPyramid, pooled_embedding
from wsss_core.networks.segmentation import SegmentationNetwork

ENLARGEMENT = 2
"""The embedding has twice the cells of the backbone's top feature, so stride 4."""
DEEPLAB_WIDTH, PSPNET_WIDTH = 64, 32
DROPOUT = 0.75
SMALLEST_NORM = 1e-12


def unit(vectors: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Vectors of length 1 along `dim`; shorter ones than 1e-12 are divided by that."""
    return functional.normalize(vectors, dim=dim, eps=SMALLEST_NORM)


def semantic_classifier(width: int, classes: int) -> nn.Sequential:
    """3x3 to twice the width, BatchNorm, ReLU, dropout, 1x1 with bias."""
    return nn.Sequential(
        nn.Conv2d(width, 2 * width, 3, padding=1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(inplace=True),
        nn.Dropout(DROPOUT),
        nn.Conv2d(2 * width, classes, 1),
    )


class PixelEmbedding(SegmentationNetwork):
    """An embedding head on the backbone and a classifier of the unit embedding.

    Besides logits (`forward`) it gives the embedding itself, which clustering, retrieval and random walks use.
    """

    head: str
    """Name of the child that embeds."""

    def __init__(self, backbone: Backbone, classes: int, width: int) -> None:
        """`width`: channels D of the embedding. Raises `ValueError` for fewer than 2 classes."""
        super().__init__(backbone, classes)
        self.width = width
        self.semantic_classifier = semantic_classifier(width, classes)

    @property
    def stride(self) -> int:
        """Input pixels per cell of the embedding: half of the top feature's."""
        return self.backbone.stride // ENLARGEMENT

    @property
    def dropout(self) -> float:
        """Probability of the classifier's dropout."""
        return self._dropout.p

    @dropout.setter
    def dropout(self, probability: float) -> None:
        self._dropout.p = probability

    @property
    def _dropout(self) -> nn.Dropout:
        layer = self.semantic_classifier[3]
        assert isinstance(layer, nn.Dropout)
        return layer

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Embedding (B, D, h, w), of any length, of a normalised batch (B, 3, H, W); h = 2 ceil(H/8)."""
        top = self.backbone(x)[self.backbone.top]
        return functional.interpolate(
            self.get_submodule(self.head)(top), scale_factor=float(ENLARGEMENT), mode="bilinear"
        )

    def embed_pixels(self, x: torch.Tensor) -> torch.Tensor:
        """The embedding enlarged to the input's size, (B, D, H, W): a second bilinear step after that to stride 4."""
        return functional.interpolate(self.embed(x), size=x.shape[2:], mode="bilinear")

    def classify(self, embedding_BDhw: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) of an embedding of any length, on its own grid.

        The classifier learns on the grid of stride 4; the published inference asks it about the embedding of every
        pixel, where its 3x3 window is four times smaller.
        """
        logits: torch.Tensor = self.semantic_classifier(unit(embedding_BDhw, dim=1))
        return logits

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) on the grid of `stride` of a normalised batch (B, 3, H, W)."""
        return self.classify(self.embed(x))


class DeepLabEmbedding(PixelEmbedding):
    """The summed pyramid of dilated convolutions (VOC: 64 channels)."""

    head = "aspp"

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        width: int = DEEPLAB_WIDTH,
        dilations: tuple[int, ...] = DILATIONS,
    ) -> None:
        super().__init__(backbone, classes, width)
        self.aspp = SummedPyramid(backbone.top_channels, width, dilations)


class PSPNetEmbedding(PixelEmbedding):
    """The pyramid of pooled features (DensePose: 32 channels)."""

    head = "pspp"

    def __init__(self, backbone: Backbone, classes: int, width: int = PSPNET_WIDTH) -> None:
        super().__init__(backbone, classes, width)
        self.pspp = pooled_embedding(backbone.top_channels, width)
