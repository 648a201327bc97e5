"""Training crops of segmentation networks, and where their labels come from."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE, LabelRow, unlabelled_ignored
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png
from wsss_core.label_ids import IGNORE
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.segmenter import SegmenterSettings
from wsss_core.training.colour import jittered
from wsss_core.training.label_source import RowSource
from wsss_core.training.labelled_crop import LabelledCrop, check_labels, deeplab_crop, label_tensor, labelled_crop
from wsss_core.training.task import Sample


class Labels(Protocol):
    """Label maps by image."""

    def of(self, record: ImageRecord) -> np.ndarray:
        """Label map (H, W) of one image, 255 = ignore."""
        ...


class SeedLabels:
    """Label maps of an upstream stage."""

    def __init__(self, rows: RowSource[LabelRow], minimum_confidence: float = 0.0) -> None:
        self.rows, self.minimum_confidence = rows, minimum_confidence

    def of(self, record: ImageRecord) -> np.ndarray:
        """The label map of the image's row, 255 where its confidence is below the smallest one asked for, and
        where it is unlabelled: these networks know no third kind.

        `ValueError` where a confidence is asked for and the row has none.
        """
        row = self.rows[record.image_id]
        if self.minimum_confidence == 0:
            return unlabelled_ignored(row.label_HW)
        if row.confidence_HW is None:
            raise ValueError(
                f"image {record.image_id!r}: `minimum_confidence: {self.minimum_confidence}` needs seeds that store "
                "their confidence, found none; set `confidence: true` in the stage of the seeds, or the minimum to 0"
            )
        uncertain_HW = row.confidence_HW < round(self.minimum_confidence * MAXIMUM_CONFIDENCE)
        return np.where(uncertain_HW, IGNORE, unlabelled_ignored(row.label_HW))


class TruthLabels:
    """Ground truth."""

    def of(self, record: ImageRecord) -> np.ndarray:
        """The image's ground truth; `ValueError` where there is none."""
        if record.truth is None:
            raise ValueError(f"image {record.image_id!r} has no ground truth; `labels: truth` cannot learn from it")
        return read_label_png(record.truth)


class SegmenterSamples:
    """Augmented crops with their labels."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        labels: Labels,
        class_count: int,
        settings: SegmenterSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.labels, self.class_count = records, labels, class_count
        self.settings, self.normalise = settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), 0 outside the image; `label` (crop, crop), 255 there."""
        record = self.records[index]
        image_HW3 = read_image(record.file)
        label_HW = self.labels.of(record)
        check_labels(label_HW, image_HW3, self.class_count, record.image_id)
        crop = augmented_crop(image_HW3, label_HW, self.settings, generator)
        image_3HW = crop.normalised(self.normalise)
        return {"image": torch.from_numpy(image_3HW), "label": label_tensor(crop.label_HW, self.class_count)}


def augmented_crop(
    image_HW3: np.ndarray, label_HW: np.ndarray, settings: SegmenterSettings, generator: np.random.Generator
) -> LabelledCrop:
    """Colour jitter and crop, in the settings' style, of image uint8 RGB (H, W, 3) and labels uint8 (H, W)."""
    image_HW3 = jittered(image_HW3, settings, generator)
    if settings.crop_style == "deeplab":
        factor = rescale_factor(settings, generator)
        return deeplab_crop(image_HW3, label_HW, factor, settings.crop, settings.mirror, generator)
    low_high = settings.rescale
    if settings.rescale_factors is not None:
        low_high = (rescale_factor(settings, generator),) * 2
    return labelled_crop(image_HW3, label_HW, low_high, settings.crop, settings.mirror, generator)


def rescale_factor(settings: SegmenterSettings, generator: np.random.Generator) -> float:
    """One of the settings' factors, each equally likely, or, without such, any within their range."""
    if settings.rescale_factors is None:
        return float(generator.uniform(*settings.rescale))
    return settings.rescale_factors[int(generator.integers(len(settings.rescale_factors)))]
