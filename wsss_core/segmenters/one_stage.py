"""Segmentation networks trained straight from image tags: WS-FCN (Wang et al., TNNLS 2023), its parent (Araslanov &
Roth, CVPR 2020) and their baseline. They differ in network and defaults only."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.pretrained import load_pretrained
from wsss_core.checkpoints.store import save_network
from wsss_core.data.images import read_image
from wsss_core.label_ids import best_label
from wsss_core.networks.factory import Option, build_segmenter
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.segmenters.mask_loss import mask_losses
from wsss_core.segmenters.one_stage_masks import above_cut, image_masks
from wsss_core.segmenters.pseudo_labels import pseudo_labels, refined_masks
from wsss_core.segmenters.tagged_sample import TaggedSamples
from wsss_core.segmenters.validation import label_figures
from wsss_core.settings.one_stage import OneStagePredictionsSettings, OneStageTrainingSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.initial_weights import start_backbone
from wsss_core.training.loop import fit
from wsss_core.training.losses import multilabel_margin, multilabel_soft_margin
from wsss_core.training.optimisers import GroupRule
from wsss_core.training.task import Batch, Figures, Task
from wsss_core.training.trained_on import trained_on

logger = logging.getLogger(__name__)

LEVELS = 255
RESNET = "resnet"
RESNET38 = "resnet38"
BIAS_RATE, RESNET_BIAS_RATE = 2.0, 1.0
NEW_BIAS_TO_WEIGHT, RESNET_NEW_BIAS_RATE = 2.0, 10.0
CLASSIFICATION_LOSSES = {"soft_margin": multilabel_soft_margin, "margin": multilabel_margin}


def train(context: StageContext) -> None:
    """Train on the images and tags of the stage's splits and publish the network that the method is named after.

    Raises `ValueError` where there is no image or the weights do not fit, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(OneStageTrainingSettings)
    torch.manual_seed(context.seed)
    fit(OneStageTask(context, settings, context.method), settings, context)


class OneStageTask(Task):
    """Network, samples, losses and validation."""

    network: OneStageNetwork

    def __init__(self, context: StageContext, settings: OneStageTrainingSettings, architecture: str) -> None:
        self.context, self.settings = context, settings
        self.classes = context.manifest.classes
        options = stride_options(settings)
        network = build_segmenter(architecture, settings.network, len(self.classes), **options)
        if not isinstance(network, OneStageNetwork):
            raise TypeError(
                f"expected the architecture {architecture!r} to be one-stage, found {type(network).__name__}"
            )
        self.network = network
        self._start()
        self.card = NetworkCard(
            role="segmenter",
            backbone=settings.network,
            classes=self.classes[1:],
            normalisation=self.network.normalisation,
            architecture=architecture,
            options=options,
        )
        records = context.manifest.select(context.splits)
        self.samples = TaggedSamples(records, len(self.classes) - 1, settings, self.network.normalisation)
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = [record for record in context.manifest.select(validated) if record.truth is not None]

    def _start(self) -> None:
        settings = self.settings
        if not settings.whole_network:
            start_backbone(self.network, settings.weights, settings.freeze)
            return
        assert settings.weights is not None  # checked with the settings
        loaded = load_pretrained(self.network, settings.weights, with_head=True)
        logger.info("whole network from %s (%s names)", settings.weights, loaded.layout)
        if settings.freeze is not False:
            self.network.freeze()

    @property
    def learns_masks(self) -> bool:
        """Whether the mask loss counts in the present epoch."""
        epochs = self.settings.classification_epochs
        return epochs is not None and self.epoch >= epochs

    def group_rules(self) -> tuple[GroupRule, ...]:
        """Rates of old weights, old biases, new weights, new biases, as published for the backbone."""
        settings = self.settings
        is_resnet = settings.network.startswith(RESNET) and settings.network != RESNET38
        new = settings.new_layer_rate
        bias = settings.bias_rate or (RESNET_BIAS_RATE if is_resnet else BIAS_RATE)
        new_bias = settings.new_bias_rate or (RESNET_NEW_BIAS_RATE if is_resnet else NEW_BIAS_TO_WEIGHT * new)
        return GroupRule(1.0, True), GroupRule(bias, False), GroupRule(new, True), GroupRule(new_bias, False)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Classification loss of the tags, and in later epochs the loss of the masks against labels made from them."""
        settings, tags_BC = self.settings, batch["tags"]
        tag_scores_BC, scores_BKhw = self.network.tags_and_scores(batch["image"], settings.focal_lambda)
        loss = CLASSIFICATION_LOSSES[settings.classification_loss](tag_scores_BC, tags_BC)
        figures = {"loss_cls": float(loss.detach()), "area_fg": float(foreground_area(scores_BKhw, tags_BC).mean())}
        if not self.learns_masks:
            return loss, figures
        rgb_B3HW = batch["rgb"].float() / LEVELS
        mask_BKHW = refined_masks(scores_BKhw, rgb_B3HW, tags_BC, settings.pseudo_labels)
        label_BHW = pseudo_labels(mask_BKHW, settings.pseudo_labels)
        loss_mask = mask_losses(scores_BKhw, label_BHW, tags_BC).mean()
        figures["loss_mask"] = float(loss_mask.detach())
        return loss + settings.mask_loss_weight * loss_mask, figures

    def validate(self) -> Figures:
        """mIoU and IoU per class on the validation images, one scale, no tags; nothing where none has ground truth."""
        self.network.eval()
        return label_figures(self._predict, self.validation, self.classes)

    def _predict(self, record: ImageRecord) -> np.ndarray:
        settings = OneStagePredictionsSettings(
            scales=(1.0,), mirror=False, canvas=None, focal_lambda=self.settings.focal_lambda
        )
        decide = partial(above_cut, cut=settings.tag_cut)
        mask_KHW = image_masks(self.network, self.network.normalisation, read_image(record.file), settings, decide)
        return best_label(mask_KHW)

    def publish(self, folder: Path) -> None:
        """Save the network with its class names and input rule."""
        self.card.trained_on.update(trained_on(self.context, len(self.samples)), labels="tags")
        save_network(folder, self.card, self.network.state_dict())


def stride_options(settings: OneStageTrainingSettings) -> dict[str, Option]:
    """The constructor option of the backbone for the stride that the settings ask for, if any.

    Raises `ValueError` where the backbone has but one stride, and it is another.
    """
    stride = settings.output_stride
    if stride is None:
        return {}
    if settings.network in ("resnet38", "small"):
        if stride != 8:
            raise ValueError(f"`output_stride`: {settings.network} has 8, found {stride}; remove the setting")
        return {}
    return {"output_stride": stride}


@torch.no_grad()
def foreground_area(scores_BKhw: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Mean share (B,) of the picture that the masks of its tags cover; 0 without tags. `scores_BKhw` before the
    softmax."""
    area_BC = scores_BKhw.softmax(dim=1)[:, 1:].mean(dim=(2, 3))
    return (area_BC * tags_BC).sum(dim=1) / tags_BC.sum(dim=1).clamp(min=1)
