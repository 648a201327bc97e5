"""Mask2Former (Cheng et al., CVPR 2022) for semantic segmentation, its parts from `transformers`.

A fixed number of queries each answer with a class, or none, and a mask. Axes: Q queries.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import nn

from wsss_core.networks.network import ParameterGroups
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.networks.swin import STAGES, Swin
from wsss_core.networks.transformers_models import model_module

_modeling = model_module("mask2former.modeling_mask2former")
_configuration = model_module("mask2former.configuration_mask2former")

MASK_STRIDE = 4
_SMALLEST_SCORE = 1e-6
UNDECAYED = ("relative_position_bias_table", "queries_embedder", "queries_features", "transformer_module.level_embed")
"""Parameters without weight decay besides those of norms (FMA-WSSS, WACV 2024, stage II)."""


@dataclass(frozen=True)
class Mask2FormerShape:
    """Sizes of the head; the defaults are those of FMA-WSSS."""

    queries: int = 50
    width: int = 256
    pixel_layers: int = 6
    pixel_hidden: int = 1024
    layers: int = 9
    hidden: int = 2048
    heads: int = 8


class Answers(NamedTuple):
    """What the queries answer before the first decoder layer and after each of them."""

    class_logits: tuple[torch.Tensor, ...]
    """(B, Q, K + 1) each; the last class is "nothing"."""
    mask_logits: tuple[torch.Tensor, ...]
    """(B, Q, h, w) each, at a quarter of the image."""


class Mask2FormerHead(_modeling.Mask2FormerPreTrainedModel):  # type: ignore[name-defined]
    """Pixel decoder, transformer decoder and class scores, initialised as published."""

    def __init__(self, shape: Mask2FormerShape, channels: list[int], classes: int) -> None:
        config = _configuration.Mask2FormerConfig(
            num_queries=shape.queries,
            feature_size=shape.width,
            mask_feature_size=shape.width,
            hidden_dim=shape.width,
            encoder_layers=shape.pixel_layers,
            encoder_feedforward_dim=shape.pixel_hidden,
            decoder_layers=shape.layers + 1,  # theirs counts the answers
            dim_feedforward=shape.hidden,
            num_attention_heads=shape.heads,
        )
        super().__init__(config)
        self.pixel_decoder = _modeling.Mask2FormerPixelDecoder(config, channels)
        self.transformer_module = _modeling.Mask2FormerTransformerModule(shape.width, config)
        self.class_predictor = nn.Linear(shape.width, classes + 1)
        self.post_init()

    def forward(self, features: list[torch.Tensor]) -> Answers:
        """Answers for features of stride 4, 8, 16, 32."""
        decoded = self.pixel_decoder(features, output_hidden_states=False)
        found = self.transformer_module(decoded.multi_scale_features, decoded.mask_features)
        states = (state.transpose(0, 1) for state in found.intermediate_hidden_states)
        return Answers(tuple(self.class_predictor(state) for state in states), tuple(found.masks_queries_logits))


class Mask2Former(SegmentationNetwork):
    """A Swin with the head. Trained by `segmenters.mask2former`, which looks at the answers of all layers."""

    def __init__(self, backbone: Swin, classes: int, **shape: int) -> None:
        """`classes`: K, background included; `shape`: fields of `Mask2FormerShape`."""
        super().__init__(backbone, classes)
        if not isinstance(backbone, Swin):
            raise ValueError(
                f"mask2former stands on a Swin (swin_l, swin_t, swin_mini), found {type(backbone).__name__}"
            )
        self.shape = Mask2FormerShape(**{**asdict(Mask2FormerShape()), **shape})
        self.head = Mask2FormerHead(self.shape, [backbone.channels[name] for name in STAGES], classes)

    @property
    def stride(self) -> int:
        """Input pixels per cell of the masks."""
        return MASK_STRIDE

    def answers(self, x: torch.Tensor) -> Answers:
        """The queries' answers for normalised images (B, 3, H, W)."""
        features = self.backbone(x)
        answers: Answers = self.head([features[name] for name in STAGES])
        return answers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logarithm of the class scores (B, K, h, w) at a quarter of the image, so that a softmax gives their shares:
        the form in which other networks answer."""
        answers = self.answers(x)
        return class_scores(answers.class_logits[-1], answers.mask_logits[-1]).clamp(min=_SMALLEST_SCORE).log()

    def parameter_groups(self) -> ParameterGroups:
        """Names of the backbone's parameters with and without weight decay, then those of the head."""
        groups: ParameterGroups = ([], [], [], [])
        for name, is_undecayed in self._parameters_by_decay():
            groups[2 * (not name.startswith("backbone.")) + is_undecayed].append(name)
        return groups

    def _parameters_by_decay(self) -> Iterator[tuple[str, bool]]:
        for module_name, module in self.named_modules():
            is_norm = isinstance(module, nn.LayerNorm | nn.GroupNorm)
            for name, _ in module.named_parameters(module_name, recurse=False):
                yield name, is_norm or any(part in name for part in UNDECAYED)


def class_scores(class_logits_BQK: torch.Tensor, mask_logits_BQHW: torch.Tensor) -> torch.Tensor:
    """Class scores (B, K, H, W), at least 0 and of any sum: over the queries, share of the class times share of the
    mask; the class "nothing" is left out."""
    share_BQK = class_logits_BQK.float().softmax(-1)[..., :-1]
    return torch.einsum("bqk,bqhw->bkhw", share_BQK, mask_logits_BQHW.float().sigmoid())
