"""Pixel-to-segment contrastive learning from tags, boxes, scribbles or points (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch.nn import functional

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.regions import RegionRow
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segmenters.segment_sample import SegmentSamples
from wsss_core.segmenters.shared_segments import shared_segments
from wsss_core.segmenters.validation import validation_figures
from wsss_core.segments.grouping import KMeans, Segments, group
from wsss_core.segments.local_features import local_features
from wsss_core.segments.memory import Memory, SegmentTable
from wsss_core.segments.prototypes import prototypes
from wsss_core.segments.relations import affinity_tags, annotation_loss, image_loss, retrieval_accuracy, tag_loss
from wsss_core.settings.spml import PixelToSegmentSettings
from wsss_core.stages.context import StageContext
from wsss_core.training import processes
from wsss_core.training.initial_weights import start_backbone, start_of
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.losses import masked_cross_entropy
from wsss_core.training.shared_norm import share_norms
from wsss_core.training.task import Batch, Figures, Task
from wsss_core.training.trained_on import trained_on


def train(context: StageContext) -> None:
    """Train on the seeds and regions of the stage's splits, and publish embedding and classifier as one network.

    Raises `ValueError` when an image has no seeds or regions, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(PixelToSegmentSettings)
    torch.manual_seed(context.seed)
    fit(PixelToSegmentTask(context, settings), settings, context)


class PixelToSegmentTask(Task):
    """Network, samples, the losses of the relationships, and the segments of the last steps."""

    network: PixelEmbedding

    def __init__(self, context: StageContext, settings: PixelToSegmentSettings) -> None:
        self.context, self.settings = context, settings
        manifest = context.manifest
        self.classes = manifest.classes
        network = build_segmenter(settings.architecture, settings.network, len(self.classes))
        assert isinstance(network, PixelEmbedding)
        self.network = network
        self.network.dropout = settings.dropout
        start_backbone(self.network, start_of(settings.weights, context), settings.freeze)
        if not settings.train_backbone:
            self.network.backbone.requires_grad_(False)
        if settings.clamped_norm or processes.size() > 1:
            share_norms(self.network, settings.clamped_norm)
        records = manifest.select(context.splits)
        ids = [record.image_id for record in records]
        seeds = RowSource(context.inputs["seeds"], context.input_kinds.get("seeds", "seeds"), LabelRow)
        regions = RowSource(context.inputs["regions"], "regions", RegionRow)
        for rows in (seeds, regions):
            rows.require(ids)
        rule = self.network.normalisation
        self.samples = SegmentSamples(
            records, seeds, regions, self.classes, settings, rule, min_region_px=settings.min_region_px
        )
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = [record for record in manifest.select(validated) if record.truth is not None]
        self.memory = Memory(settings.memory_steps * settings.accumulate)
        _check_pieces(min(settings.batch, len(self.samples)), settings.accumulate)

    def start_training_mode(self) -> None:
        """Training mode; a backbone that does not learn stays in evaluation mode, without dropout."""
        self.network.train()
        if not self.settings.train_backbone:
            self.network.backbone.eval()

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """The weighted sum of cross entropy and relationships; each by itself in the history.

        Only the embedding is computed in the precision of the settings: segments and their sums need float32.
        """
        embedding_BDhw = self.network.embed(batch["image"]).float()
        with torch.autocast(embedding_BDhw.device.type, enabled=False):
            return self._loss_of(embedding_BDhw, batch)

    def _loss_of(self, embedding_BDhw: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        settings = self.settings
        segments = self._segments(embedding_BDhw, batch)
        own = SegmentTable(
            prototypes(segments.embedding_PD, segments.segment_P, segments.count),
            segments.label_N,
            self._tags(segments, batch["tags"]),
        )
        others, everything = shared_segments(own)
        table = own.followed_by([*others, *self.memory.tables])
        logits = self.network.classify(embedding_BDhw.detach())
        enlarged = functional.interpolate(logits, size=batch["label"].shape[1:], mode="bilinear")
        parts = {"cross_entropy": settings.annotation.weight * masked_cross_entropy(enlarged, batch["label"])}
        if settings.annotation.weight:
            concentration = settings.annotation.concentration
            contrast = annotation_loss(segments, table, len(self.classes), concentration)
            parts["annotation"] = settings.annotation.weight * contrast
        if settings.co_occurrence.weight:
            contrast = tag_loss(segments, table, settings.co_occurrence.concentration)
            parts["co_occurrence"] = settings.co_occurrence.weight * contrast
        if settings.image_similarity.weight:
            concentration = settings.image_similarity.concentration
            contrast = image_loss(segments, concentration, settings.similarity_with_location)
            parts["image_similarity"] = settings.image_similarity.weight * contrast
        self.memory.add(everything)
        figures = {f"{name}_loss": float(part.detach()) for name, part in parts.items()}
        figures |= {"segments": float(segments.count), "retrieval": float(retrieval_accuracy(table))}
        # Others wait for the gradient of their segments, also from a process that has nothing to compare with them.
        reached = sum((other.prototype_ND.sum() * 0 for other in others), start=own.prototype_ND.new_zeros(()))
        return torch.stack(list(parts.values())).sum() + reached, figures

    def _segments(self, embedding_BDhw: torch.Tensor, batch: Batch) -> Segments:
        size_hw = (embedding_BDhw.shape[2], embedding_BDhw.shape[3])
        local = local_features(batch["image"].float(), size_hw, self.settings.colour)
        kmeans = KMeans(self.settings.clusters, self.settings.cluster_iterations)
        return group(embedding_BDhw, local, batch["label"], batch["region"], kmeans, self.settings.located_share)

    def _tags(self, segments: Segments, tag_BC: torch.Tensor) -> torch.Tensor:
        if self.settings.co_occurrence_by == "tags":
            return tag_BC[segments.image_N]
        return affinity_tags(segments, len(self.classes), self.settings.affinity_threshold)

    def state(self) -> dict[str, torch.Tensor]:
        """The segments of the last steps."""
        return self.memory.state()

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Put them back, on the network's device."""
        device = next(self.network.parameters()).device
        self.memory.restore({name: value.to(device) for name, value in state.items()})

    def validate(self) -> Figures:
        """mIoU of the classifier on its training grid."""
        return validation_figures(self.network, self.validation, self.classes)

    def publish(self, folder: Path) -> None:
        """Save the network with its class names and input rule."""
        card = NetworkCard(
            role="segmenter",
            backbone=self.settings.network,
            classes=self.classes[1:],
            normalisation=self.network.normalisation,
            architecture=self.settings.architecture,
            trained_on=trained_on(self.context, len(self.samples)),
        )
        save_network(folder, card, self.network.state_dict())


def _check_pieces(batch: int, accumulate: int) -> None:
    """Processes that exchange segments must take as many pieces of a batch as each other."""
    if processes.size() > 1 and batch < accumulate * processes.size():
        raise ValueError(
            f"expected a batch of at least {accumulate * processes.size()} images, one for each of {processes.size()} "
            f"processes x `accumulate` {accumulate}, found {batch}; lower `accumulate` or `compute: "
            "{training_processes: ...}`, or raise `batch`"
        )
