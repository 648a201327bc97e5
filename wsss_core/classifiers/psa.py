"""Training of the tag classifier whose activation maps start the chain (PSA, Ahn & Kwak, CVPR 2018)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.classifiers.average_precision import average_precisions, mean_average_precision
from wsss_core.data.augment import random_longer_side, random_mirror
from wsss_core.data.crops import centre_crop, random_crop
from wsss_core.data.images import read_image
from wsss_core.networks.factory import build_classifier
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.classifier import PsaClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.colour import jittered
from wsss_core.training.initial_weights import start_backbone
from wsss_core.training.loader import stack, to_device
from wsss_core.training.loop import fit
from wsss_core.training.losses import multilabel_soft_margin
from wsss_core.training.task import Batch, Figures, Sample, Task


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits and publish the network in the stage's folder.

    Images without tags are negatives of every class. Raises `ValueError` where there is no image, and what
    `training.loop.fit` raises.
    """
    settings = context.typed_settings(PsaClassifierSettings)
    torch.manual_seed(context.seed)
    fit(PsaClassifierTask(settings, context), settings, context)


class PsaClassifierTask(Task):
    """Network, samples, loss and validation of the PSA classifier."""

    def __init__(self, settings: PsaClassifierSettings, context: StageContext) -> None:
        self.settings, self.context = settings, context
        self.classes = context.manifest.classes[1:]
        self.network = build_classifier(settings.network, len(self.classes))
        start_backbone(self.network, settings.weights, settings.freeze)
        if settings.dropout is not None:
            self.network.get_submodule("drop7").p = settings.dropout  # type: ignore[assignment]
        normalise = self.network.normalisation
        self.samples = ClassifierSamples(
            context.manifest.select(context.splits), len(self.classes), settings, normalise
        )
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = context.manifest.select(validated)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Multi-label soft margin loss of the crops."""
        return multilabel_soft_margin(self.network(batch["image"]), batch["tags"]), {}

    @torch.inference_mode()
    def validate(self) -> Figures:
        """Loss, AP per class and mAP on the central crops of the validation split; nothing where it is empty."""
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
        crop_HW3 = centre_crop(image_3HW.transpose(1, 2, 0), self.settings.validation_crop)
        return {"image": torch.from_numpy(crop_HW3).permute(2, 0, 1), "tags": tag_vector(record, len(self.classes))}

    def publish(self, folder: Path) -> None:
        """Save the classifier with its class names and input rule."""
        card = NetworkCard(
            role="classifier",
            backbone=self.settings.network,
            classes=self.classes,
            normalisation=self.network.normalisation,
            trained_on={
                "dataset": self.context.manifest.dataset,
                "splits": list(self.context.splits),
                "images": len(self.samples),
                "seed": self.context.seed,
            },
        )
        save_network(folder, card, self.network.state_dict())


class ClassifierSamples:
    """Augmented crops with their tags."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        classes: int,
        settings: PsaClassifierSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.classes, self.settings, self.normalise = records, classes, settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), `tags` float32 (C,) in {0, 1}."""
        record = self.records[index]
        image_HW3 = augment(read_image(record.file), self.settings, generator)
        normalised_HW3 = self.normalise(image_HW3).transpose(1, 2, 0)
        (crop_HW3,) = random_crop([normalised_HW3], self.settings.crop, generator, [0.0])
        return {"image": torch.from_numpy(crop_HW3).permute(2, 0, 1), "tags": tag_vector(record, self.classes)}


def augment(image_HW3: np.ndarray, settings: PsaClassifierSettings, generator: np.random.Generator) -> np.ndarray:
    """The published order up to normalisation: longer side, mirror, colour jitter; uint8 RGB (H, W, 3) both ways."""
    image_HW3 = random_longer_side(image_HW3, generator, *settings.longer_side)
    if settings.mirror:
        (image_HW3,) = random_mirror([image_HW3], generator)
    return jittered(image_HW3, settings, generator)


def tag_vector(record: ImageRecord, classes: int) -> torch.Tensor:
    """Float32 (C,): 1 for each tag (label id 1..C at position 0..C-1), else 0."""
    tags_C = torch.zeros(classes)
    tags_C[[label - 1 for label in record.tags]] = 1.0
    return tags_C
