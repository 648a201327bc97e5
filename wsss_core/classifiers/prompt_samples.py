"""Training crops for learnt prompts: image, tags, and, where there are seeds, their labels."""

from collections.abc import Sequence

import numpy as np
import torch

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.clip.augment import random_colours, random_scale
from wsss_core.clip.preprocessing import whole_patches
from wsss_core.data.augment import random_mirror, rescale_longer_side
from wsss_core.data.crops import random_crop
from wsss_core.data.images import read_image
from wsss_core.label_ids import IGNORE
from wsss_core.networks.clip.clip import CLIP_RGB
from wsss_core.settings.prompts import PromptsSettings
from wsss_core.training.label_source import RowSource
from wsss_core.training.labelled_crop import check_labels, label_tensor
from wsss_core.training.task import Sample


class PromptSamples:
    """Augmented crops; picklable."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        classes: int,
        settings: PromptsSettings,
        seeds: RowSource[LabelRow] | None,
    ) -> None:
        """`classes`: number of foreground classes C; `seeds`: labels that the crops get, or None."""
        self.records, self.classes, self.settings, self.seeds = records, classes, settings, seeds

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), `tags` bool (C,), with seeds `label` (crop, crop).

        The published order: colours, scale, crop, mirror.
        """
        record = self.records[index]
        image_HW3 = read_image(record.file)
        label_HW = None if self.seeds is None else self.seeds[record.image_id].label_HW
        if label_HW is not None:
            check_labels(label_HW, image_HW3, self.classes + 1, record.image_id)
        image_HW3 = random_colours(image_HW3, self.settings, generator)
        image_HW3, label_HW = random_scale(image_HW3, label_HW, self.settings, generator)
        arrays = [image_HW3] if label_HW is None else [image_HW3, label_HW]
        arrays = random_crop(arrays, self.settings.crop, generator, [0] * len(arrays))
        arrays = random_mirror(arrays, generator) if self.settings.mirror else arrays
        sample = {"image": torch.from_numpy(CLIP_RGB(arrays[0])), "tags": self._tags(record, arrays[1:])}
        return sample if label_HW is None else {**sample, "label": label_tensor(arrays[1], self.classes + 1)}

    def _tags(self, record: ImageRecord, labels: Sequence[np.ndarray]) -> torch.Tensor:
        found: Sequence[int] = record.tags
        if self.settings.tags_from == "seeds" and labels:
            found = [label for label in np.unique(labels[0]).tolist() if label not in (0, IGNORE)]
        tags_C = torch.zeros(self.classes, dtype=torch.bool)
        tags_C[[label - 1 for label in found]] = True
        return tags_C


def validation_image(image_HW3: np.ndarray, longest: int, patch: int) -> np.ndarray:
    """The whole image uint8 RGB (H, W, 3), its longer side at most `longest` pixels, then enlarged to whole patches."""
    if max(image_HW3.shape[:2]) > longest:
        image_HW3 = rescale_longer_side(image_HW3, longest)
    return whole_patches(image_HW3, patch)
