"""The training that all segmentation networks share: crops with labels, cross entropy with ignore, mIoU."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.factory import Option, build_segmenter
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.canvas import CANVAS_KEY
from wsss_core.segmenters.scores import enlarge, grid_labels
from wsss_core.segmenters.training_sample import Labels, SeedLabels, SegmenterSamples, TruthLabels
from wsss_core.segmenters.validation import validation_figures
from wsss_core.settings.segmenter import SegmenterSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.initial_weights import start_backbone, start_of
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.losses import balanced_cross_entropy, cross_entropy
from wsss_core.training.task import Batch, Figures, Task
from wsss_core.training.trained_on import trained_on

BackboneOptions = Mapping[str, Option]


def train_segmenter(
    context: StageContext, settings: SegmenterSettings, architecture: str, options: BackboneOptions
) -> None:
    """Train the named architecture on the images of the stage's splits and publish it.

    `options` are those of the backbone's constructor. Raises `ValueError` when labels are missing or do not fit, and
    what `training.loop.fit` raises.
    """
    torch.manual_seed(context.seed)
    fit(SegmenterTask(context, settings, architecture, options), settings, context)


class SegmenterTask(Task):
    """Network, samples, loss and validation of a segmentation network."""

    def __init__(
        self, context: StageContext, settings: SegmenterSettings, architecture: str, options: BackboneOptions
    ) -> None:
        self.context, self.settings = context, settings
        self.classes = context.manifest.classes
        built = build_segmenter(architecture, settings.network, len(self.classes), **options)
        self.network: SegmentationNetwork = cast(SegmentationNetwork, built)
        start_backbone(self.network, start_of(settings.weights, context), settings.freeze)
        self.card = NetworkCard(
            role="segmenter",
            backbone=settings.network,
            classes=self.classes[1:],
            normalisation=self.network.normalisation,
            architecture=architecture,
            options=dict(options),
        )
        records, labels = training_labels(context, settings.labels, settings.minimum_confidence)
        self.samples = SegmenterSamples(records, labels, len(self.classes), settings, self.network.normalisation)
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = [record for record in context.manifest.select(validated) if record.truth is not None]

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Cross entropy over the labelled cells or pixels of the batch, summed over the scales that the network looks
        at."""
        losses = [self._loss_of(scores, batch["label"]) for scores in self.network.all_scales(batch["image"])]
        return sum(losses[1:], start=losses[0]), {}

    def _loss_of(self, scores_BKhw: torch.Tensor, label_BHW: torch.Tensor) -> torch.Tensor:
        stride, canvas = self.network.stride, self.settings.canvas
        entropy = cross_entropy if self.settings.balance == "pixels" else balanced_cross_entropy
        if self.settings.loss_at == "crop":
            size_hw = (label_BHW.shape[1], label_BHW.shape[2])
            return entropy(enlarge(scores_BKhw.float(), stride, size_hw, canvas), label_BHW)
        grid_hw = (scores_BKhw.shape[2], scores_BKhw.shape[3])
        return entropy(scores_BKhw, grid_labels(label_BHW, stride, grid_hw, canvas))

    def validate(self) -> Figures:
        """mIoU and IoU per class on the validation images, one scale; nothing where none has ground truth."""
        return validation_figures(self.network, self.validation, self.classes, self.settings.canvas)

    def publish(self, folder: Path) -> None:
        """Save the network with its class names and input rule."""
        settings = self.settings
        facts = trained_on(self.context, len(self.samples))
        self.card.trained_on.update(facts, labels=settings.labels, **{CANVAS_KEY: settings.canvas})
        save_network(folder, self.card, self.network.state_dict())


def training_labels(
    context: StageContext, source: str, minimum_confidence: float = 0.0
) -> tuple[list[ImageRecord], Labels]:
    """The training images and the labels they learn from, of the source "seeds" or "truth"; raises `ValueError` when
    some have none. `minimum_confidence`: see `SeedLabels`."""
    records = context.manifest.select(context.splits)
    if source == "truth":
        without = [record.image_id for record in records if record.truth is None]
        if without:
            raise ValueError(
                f"stage {context.stage!r}: `labels: truth` needs ground truth for every image of "
                f"{', '.join(context.splits)}; {len(without)} have none, first {without[0]!r}"
            )
        return records, TruthLabels()
    if "seeds" not in context.inputs:
        raise ValueError(f"stage {context.stage!r}: `labels: seeds` needs the input `seeds`; name a stage under inputs")
    kind = context.input_kinds.get("seeds", "seeds")
    rows = RowSource(context.inputs["seeds"], kind, LabelRow)
    rows.require([record.image_id for record in records])
    return records, SeedLabels(rows, minimum_confidence)
