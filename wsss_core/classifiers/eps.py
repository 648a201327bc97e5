"""Training of the tag classifier of EPS (Lee et al., CVPR 2021), which saliency maps teach where objects end."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.classifiers.saliency_loss import saliency_loss
from wsss_core.classifiers.task import ClassifierTask, Recipe, tag_vector
from wsss_core.data.augment import random_longer_side, random_mirror, rescale_longer_side
from wsss_core.data.crops import centre_crop, random_crop
from wsss_core.data.images import read_image
from wsss_core.networks.eps_classifier import EpsClassifier
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.classifier import EpsClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.colour import jittered
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.losses import multilabel_soft_margin
from wsss_core.training.task import Batch, Sample

SALIENT = np.float32(255)


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits with their saliency maps, and publish the network.

    Raises `ValueError` where there is no image or a saliency map is missing or of another size than its image, and what
    `training.loop.fit` raises.
    """
    settings = context.typed_settings(EpsClassifierSettings)
    torch.manual_seed(context.seed)
    fit(EpsTask(settings, context), settings, context)


class EpsTask(ClassifierTask):
    """The published training: loss of the tags plus loss of the saliency; validation looks at the central crop."""

    network: EpsClassifier

    def __init__(self, settings: EpsClassifierSettings, context: StageContext) -> None:
        self.eps = settings
        super().__init__(settings, context, Recipe(architecture="eps", augment=None, validation_crop=centre_crop))

    def training_samples(self, records: Sequence[ImageRecord]) -> "EpsSamples":
        """The training images with their saliency; `ValueError` where some have none."""
        rows = RowSource(self.context.inputs["saliency"], "saliency", SaliencyRow)
        rows.require([record.image_id for record in records])
        return EpsSamples(records, rows, len(self.classes), self.eps, self.network.normalisation)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Soft margin loss of the tags plus `saliency_loss`; both also on their own for the history."""
        settings = self.eps
        maps_BKhw = self.network.all_maps(batch["image"])
        of_tags = multilabel_soft_margin(self.network.tag_scores(maps_BKhw), batch["tags"])
        of_saliency = saliency_loss(
            maps_BKhw, batch["saliency"], batch["tags"], settings.overlap_threshold, settings.foreground_weight
        ).loss
        parts = {"loss_tags": float(of_tags.detach()), "loss_saliency": float(of_saliency.detach())}
        return of_tags + settings.saliency_weight * of_saliency, parts


class EpsSamples:
    """Augmented crops with tags and saliency; beyond the image zeros: the mean colour, and nothing salient."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        rows: RowSource[SaliencyRow],
        classes: int,
        settings: EpsClassifierSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.rows, self.classes = records, rows, classes
        self.settings, self.normalise = settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), `saliency` float32 (1, crop, crop) in [0, 1], `tags` float32 (C,)."""
        record = self.records[index]
        image_HW3, saliency_HW = read_image(record.file), self.rows[record.image_id].saliency_HW
        if saliency_HW.shape != image_HW3.shape[:2]:
            raise ValueError(
                f"image {record.image_id!r}: expected saliency of its size {image_HW3.shape[:2]}, found "
                f"{saliency_HW.shape}; the image has changed since the map was made: run its stage again"
            )
        image_3HW, saliency_HW = augmented(image_HW3, saliency_HW, self.settings, self.normalise, generator)
        return {
            "image": torch.from_numpy(image_3HW),
            "saliency": torch.from_numpy(saliency_HW)[None],
            "tags": tag_vector(record, self.classes),
        }


def augmented(
    image_HW3: np.ndarray,
    saliency_HW: np.ndarray,
    settings: EpsClassifierSettings,
    normalise: Normalisation,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Network input float32 (3, crop, crop) and saliency float32 (crop, crop) in [0, 1] of an image and its map, both
    uint8.

    Longer side (bicubic for both, as published), mirror, colour jitter of the image, normalisation, crop.
    """
    image_HW3 = random_longer_side(image_HW3, generator, *settings.longer_side)
    saliency_HW = rescale_longer_side(saliency_HW, max(image_HW3.shape))
    if settings.mirror:
        image_HW3, saliency_HW = random_mirror([image_HW3, saliency_HW], generator)
    normalised_HW3 = normalise(jittered(image_HW3, settings, generator)).transpose(1, 2, 0)
    arrays = [normalised_HW3, saliency_HW / SALIENT]
    image_HW3, saliency_HW = random_crop(arrays, settings.crop, generator, [0.0, 0.0])
    return np.ascontiguousarray(image_HW3.transpose(2, 0, 1)), saliency_HW
