"""Training pictures of the one-stage networks: nearly whole images with their tags."""

from collections.abc import Sequence

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.augment import random_mirror
from wsss_core.data.images import read_image
from wsss_core.data.random_rectangle import random_rectangle, resized_rectangle
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.one_stage import OneStageTrainingSettings
from wsss_core.training.colour import jittered
from wsss_core.training.task import Sample


class TaggedSamples:
    """Augmented pictures; the tags are those of the whole image, also where an object is cut off."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        classes: int,
        settings: OneStageTrainingSettings,
        normalise: Normalisation,
    ) -> None:
        """`classes`: number of foreground classes C."""
        self.records, self.classes, self.settings, self.normalise = records, classes, settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), normalised; `rgb` uint8 of the same shape, before; `tags` float32 (C,) in
        {0, 1}."""
        record = self.records[index]
        image_HW3 = augmented(read_image(record.file), self.settings, generator)
        tags_C = torch.zeros(self.classes)
        tags_C[[label - 1 for label in record.tags]] = 1.0
        rgb_3HW = torch.from_numpy(np.ascontiguousarray(image_HW3.transpose(2, 0, 1)))
        return {"image": torch.from_numpy(self.normalise(image_HW3)), "rgb": rgb_3HW, "tags": tags_C}


def augmented(image_HW3: np.ndarray, settings: OneStageTrainingSettings, generator: np.random.Generator) -> np.ndarray:
    """Random rectangle, mirror and colour jitter, in this order; uint8 RGB (crop, crop, 3)."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    rectangle = random_rectangle(size_hw, settings.area, settings.aspect, generator)
    image_HW3 = resized_rectangle(image_HW3, rectangle, settings.crop)
    if settings.mirror:
        [image_HW3] = random_mirror([image_HW3], generator)
    return jittered(image_HW3, settings, generator)
