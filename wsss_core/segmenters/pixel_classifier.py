"""The softmax classifier on a frozen pixel embedding, trained on stage-2 labels (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn import functional

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.checkpoints.store import read_card, save_network
from wsss_core.networks.network import ParameterGroups
from wsss_core.networks.pixel_embedding import semantic_classifier
from wsss_core.segmenters.segment_sample import SegmentSamples
from wsss_core.segmenters.validation import validation_figures
from wsss_core.segments.load import load_embedding
from wsss_core.settings.spml import PixelClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.losses import masked_cross_entropy
from wsss_core.training.task import Batch, Figures, Task
from wsss_core.training.trained_on import trained_on


def train(context: StageContext) -> None:
    """Train a new classifier on the embedding of the input `segmenter`, and publish both as one network.

    Raises `ValueError` when an image has no seeds, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(PixelClassifierSettings)
    torch.manual_seed(context.seed)
    fit(PixelClassifierTask(context, settings), settings, context)


class PixelClassifierTask(Task):
    """The embedding as it is, in evaluation mode, and a classifier that learns."""

    def __init__(self, context: StageContext, settings: PixelClassifierSettings) -> None:
        self.context, self.settings = context, settings
        manifest = context.manifest
        self.classes = manifest.classes
        network = load_embedding(context.inputs["segmenter"], "cpu", self.classes)
        network.semantic_classifier = semantic_classifier(network.width, len(self.classes))
        network.dropout = settings.dropout
        network.requires_grad_(False)
        network.semantic_classifier.requires_grad_(True)
        self.embedder = self.network = network
        records = manifest.select(context.splits)
        seeds = RowSource(context.inputs["seeds"], context.input_kinds.get("seeds", "seeds"), LabelRow)
        seeds.require([record.image_id for record in records])
        self.samples = SegmentSamples(
            records, seeds, None, self.classes, settings, network.normalisation, grey_and_blur=settings.grey_and_blur
        )
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = [record for record in manifest.select(validated) if record.truth is not None]

    def start_training_mode(self) -> None:
        """Only the classifier trains; the embedding's BatchNorm keeps its statistics."""
        self.embedder.eval()
        self.embedder.semantic_classifier.train()

    def parameter_groups(self) -> ParameterGroups:
        """The classifier's weights and biases, as new layers."""
        names = [name for name, _ in self.embedder.named_parameters() if name.startswith("semantic_classifier.")]
        weights = [name for name in names if not name.endswith(".bias")]
        return [], [], weights, [name for name in names if name.endswith(".bias")]

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Cross entropy of the logits, enlarged to the crop, over the labelled pixels."""
        with torch.no_grad():
            embedding_BDhw = self.embedder.embed(batch["image"])
        logits = self.embedder.classify(embedding_BDhw).float()
        enlarged = functional.interpolate(logits, size=batch["label"].shape[1:], mode="bilinear")
        return masked_cross_entropy(enlarged, batch["label"]), {}

    def validate(self) -> Figures:
        """mIoU of the classifier on its training grid."""
        return validation_figures(self.network, self.validation, self.classes)

    def publish(self, folder: Path) -> None:
        """Save embedding and classifier with the card of the embedding and what the classifier learnt from."""
        card = read_card(self.context.inputs["segmenter"])
        about = {**trained_on(self.context, len(self.samples)), "embedding": dict(card.trained_on)}
        save_network(folder, replace(card, trained_on=about), self.network.state_dict())
