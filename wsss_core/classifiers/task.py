"""The training that all tag classifiers share: augmented crops with tags, soft margin loss, AP per class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.classifiers.average_precision import average_precisions, mean_average_precision
from wsss_core.data.crops import random_crop
from wsss_core.data.images import read_image
from wsss_core.networks.factory import build_classifier
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.classifier import ClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.initial_weights import start_backbone
from wsss_core.training.loader import stack, to_device
from wsss_core.training.losses import multilabel_soft_margin
from wsss_core.training.task import Batch, Figures, Sample, Samples, Task
from wsss_core.training.trained_on import trained_on


@dataclass(frozen=True)
class Recipe:
    """What one classifier does otherwise than another. The functions must be picklable."""

    architecture: str | None
    """Name in `networks.names.CLASSIFIERS`; None: PSA's."""
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None
    """Training image uint8 RGB (H, W, 3) -> the same before normalisation and random crop. None: unchanged, or the task
    has samples of its own (`training_samples`)."""
    validation_crop: Callable[[np.ndarray, int], np.ndarray]
    """Normalised validation image (H, W, 3), side in pixels -> square crop, zeros outside of the image."""


class ClassifierTask(Task):
    """Network, samples, loss and validation of a tag classifier.

    Images without tags are negatives of every class.
    """

    def __init__(self, settings: ClassifierSettings, context: StageContext, recipe: Recipe) -> None:
        self.settings, self.context, self.recipe = settings, context, recipe
        self.classes = context.manifest.classes[1:]
        self.network = build_classifier(settings.network, len(self.classes), recipe.architecture)
        start_backbone(self.network, settings.weights, settings.freeze)
        self.samples = self.training_samples(context.manifest.select(context.splits))
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = context.manifest.select(validated)

    def training_samples(self, records: Sequence[ImageRecord]) -> Samples:
        """The training images as the recipe augments them."""
        augment, crop = self.recipe.augment, self.settings.crop
        return ClassifierSamples(records, len(self.classes), augment, crop, self.network.normalisation)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Multi-label soft margin loss of the crops."""
        return multilabel_soft_margin(self.network(batch["image"]), batch["tags"]), {}

    @torch.inference_mode()
    def validate(self) -> Figures:
        """Loss, AP per class and mAP on the crops of the validation split; nothing where it is empty."""
        if not self.validation:
            return {}
        self.network.eval()
        device = torch.device(self.context.device)
        scores, tags = [], []
        for start in range(0, len(self.validation), self.settings.batch):
            records = self.validation[start : start + self.settings.batch]
            batch = to_device(stack([self._validation_sample(record) for record in records]), device)
            scores.append(self.network(batch["image"]).float().cpu())
            tags.append(batch["tags"].cpu())
        scores_BC, tags_BC = torch.cat(scores), torch.cat(tags)
        per_class = average_precisions(scores_BC.numpy(), tags_BC.numpy(), self.classes)
        loss = float(multilabel_soft_margin(scores_BC, tags_BC))
        return {"loss": loss, "map": mean_average_precision(per_class), "ap": per_class}

    def _validation_sample(self, record: ImageRecord) -> Sample:
        image_3HW = self.network.normalisation(read_image(record.file))
        crop_HW3 = self.recipe.validation_crop(image_3HW.transpose(1, 2, 0), self.settings.validation_crop)
        return {"image": torch.from_numpy(crop_HW3).permute(2, 0, 1), "tags": tag_vector(record, len(self.classes))}

    def publish(self, folder: Path) -> None:
        """Save the classifier with its class names and input rule."""
        card = NetworkCard(
            role="classifier",
            backbone=self.settings.network,
            classes=self.classes,
            normalisation=self.network.normalisation,
            architecture=self.recipe.architecture,
            trained_on=trained_on(self.context, len(self.samples)),
        )
        save_network(folder, card, self.network.state_dict())


class ClassifierSamples:
    """Augmented crops with their tags; zeros (the mean colour) where a crop goes beyond its image."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        classes: int,
        augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None,
        crop: int,
        normalise: Normalisation,
    ) -> None:
        self.records, self.classes, self.augment, self.crop, self.normalise = records, classes, augment, crop, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), `tags` float32 (C,) in {0, 1}."""
        record = self.records[index]
        image_HW3 = read_image(record.file)
        if self.augment is not None:
            image_HW3 = self.augment(image_HW3, generator)
        normalised_HW3 = self.normalise(image_HW3).transpose(1, 2, 0)
        (crop_HW3,) = random_crop([normalised_HW3], self.crop, generator, [0.0])
        return {"image": torch.from_numpy(crop_HW3).permute(2, 0, 1), "tags": tag_vector(record, self.classes)}


def tag_vector(record: ImageRecord, classes: int) -> torch.Tensor:
    """Float32 (C,): 1 for each tag (label id 1..C at position 0..C-1), else 0."""
    tags_C = torch.zeros(classes)
    tags_C[[label - 1 for label in record.tags]] = 1.0
    return tags_C
