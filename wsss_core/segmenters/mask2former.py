"""Mask2Former trained on seeds, as in stage II of FMA-WSSS (WACV 2024)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.data.images import read_image
from wsss_core.label_ids import best_label
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.normalisation import Normalisation
from wsss_core.segmenters.mask2former_crop import augmented_crop
from wsss_core.segmenters.mask2former_loss import QueryLoss
from wsss_core.segmenters.query_scores import query_scores
from wsss_core.segmenters.task import training_labels
from wsss_core.segmenters.training_sample import Labels
from wsss_core.segmenters.validation import label_figures
from wsss_core.settings.mask2former import Mask2FormerSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.initial_weights import start_backbone
from wsss_core.training.labelled_crop import check_labels, label_tensor
from wsss_core.training.loop import fit
from wsss_core.training.optimisers import GroupRule
from wsss_core.training.task import Batch, Figures, Sample, Task
from wsss_core.training.trained_on import trained_on

ARCHITECTURE = "mask2former"


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits and publish the network.

    Raises `ValueError` when labels are missing or do not fit, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(Mask2FormerSettings)
    torch.manual_seed(context.seed)
    fit(Mask2FormerTask(context, settings), settings, context)


class Mask2FormerSamples:
    """Augmented crops with their labels."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        labels: Labels,
        class_count: int,
        settings: Mask2FormerSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.labels, self.class_count = records, labels, class_count
        self.settings, self.normalise = settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop); `label` (crop, crop), 255 beyond the image."""
        record = self.records[index]
        image_HW3, label_HW = read_image(record.file), self.labels.of(record)
        check_labels(label_HW, image_HW3, self.class_count, record.image_id)
        crop = augmented_crop(image_HW3, label_HW, self.settings, generator)
        is_black = self.settings.padding == "black"
        image_3HW = self.normalise(crop.image_HW3) if is_black else crop.normalised(self.normalise)
        return {"image": torch.from_numpy(image_3HW), "label": label_tensor(crop.label_HW, self.class_count)}


class Mask2FormerTask(Task):
    """Network, samples, loss and validation."""

    network: Mask2Former

    def __init__(self, context: StageContext, settings: Mask2FormerSettings) -> None:
        self.context, self.settings = context, settings
        self.classes = context.manifest.classes
        network = build_segmenter(ARCHITECTURE, settings.network, len(self.classes))
        assert isinstance(network, Mask2Former)
        self.network = network
        start_backbone(self.network, settings.weights, freeze=False)
        self.criterion = QueryLoss(len(self.classes), settings.points).to(context.device)
        records, labels = training_labels(context, settings.labels)
        self.samples = Mask2FormerSamples(records, labels, len(self.classes), settings, self.network.normalisation)
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = [record for record in context.manifest.select(validated) if record.truth is not None]

    def group_rules(self) -> Sequence[GroupRule]:
        """The backbone learns more slowly; every second group has no decay, see `Mask2Former.parameter_groups`."""
        slow = self.settings.backbone_rate
        return GroupRule(slow, True), GroupRule(slow, False), GroupRule(1.0, True), GroupRule(1.0, False)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """The loss of all answers; masks are compared in float32."""
        loss, parts = self.criterion(self.network.answers(batch["image"]), batch["label"])
        return loss, parts

    def validate(self) -> Figures:
        """mIoU and IoU per class on the validation images; nothing where none has ground truth."""
        self.network.eval()
        return label_figures(self._predict, self.validation, self.classes)

    def _predict(self, record: ImageRecord) -> np.ndarray:
        sides = self.settings.long_side, self.settings.short_side
        scores_KHW = query_scores(self.network, self.network.normalisation, read_image(record.file), *sides)
        return best_label(scores_KHW)

    def publish(self, folder: Path) -> None:
        """Save the network with its class names and input rule."""
        card = NetworkCard(
            role="segmenter",
            backbone=self.settings.network,
            classes=self.classes[1:],
            normalisation=self.network.normalisation,
            architecture=ARCHITECTURE,
        )
        card.trained_on.update(trained_on(self.context, len(self.samples)), labels=self.settings.labels)
        save_network(folder, card, self.network.state_dict())
