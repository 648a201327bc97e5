"""Training crops of SPML: image, seeds that tell unlabelled from ignored, over-segmentation, tags (ICLR 2021)."""

from collections.abc import Sequence

import numpy as np
import torch

from wsss_core.artifacts.label_maps import LabelRow, unlabelled_ignored
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.data.images import read_image
from wsss_core.data.mirrored_classes import mirror_table
from wsss_core.data.uniform_crop import random_blur, random_grey, uniform_crop
from wsss_core.label_ids import is_known
from wsss_core.networks.normalisation import Normalisation
from wsss_core.regions.full_partition import full_partition
from wsss_core.settings.spml import AugmentSettings
from wsss_core.training.label_source import RowSource
from wsss_core.training.labelled_crop import check_labels, label_tensor
from wsss_core.training.task import Sample

WHITE = np.float32(255)


class SegmentSamples:
    """Augmented crops with labels and, where there are regions, the over-segmentation and the image's tags."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        seeds: RowSource[LabelRow],
        regions: RowSource[RegionRow] | None,
        classes: tuple[str, ...],
        settings: AugmentSettings,
        normalise: Normalisation,
        min_region_px: int = 0,
        grey_and_blur: bool = False,
    ) -> None:
        """`classes`: names by label id, background first."""
        self.records, self.seeds, self.regions, self.class_count = records, seeds, regions, len(classes)
        self.settings, self.normalise = settings, normalise
        self.min_region_px, self.grey_and_blur = min_region_px, grey_and_blur
        self.mirrored = mirror_table(classes)

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), 0 outside the image; `label`, 255 there; `region` int32; `tags`
        float32 (C,), 1 for every foreground class that the whole image has a label of."""
        record = self.records[index]
        image_HW3, label_HW = read_image(record.file), self.seeds[record.image_id].label_HW
        check_labels(unlabelled_ignored(label_HW), image_HW3, self.class_count, record.image_id)
        maps = [label_HW, *self._regions_of(record)]
        picture_HW3 = image_HW3.astype(np.float32) / WHITE
        fill = _fill(self.normalise)
        size = (self.settings.crop, self.settings.crop)
        crop = uniform_crop(picture_HW3, maps, generator, self.settings.rescale, size, fill, self.settings.mirror)
        picture_HW3 = crop.image_HW3
        if self.grey_and_blur:
            picture_HW3 = random_blur(random_grey(picture_HW3, generator), generator)
        label = self.mirrored[crop.maps[0]] if crop.mirrored else crop.maps[0]
        whole = self.mirrored[label_HW] if crop.mirrored else label_HW
        labels_C = np.arange(1, self.class_count)
        tags_C = np.isin(labels_C, whole) & is_known(labels_C, self.class_count)
        sample = {
            "image": torch.from_numpy(self.normalise(picture_HW3 * WHITE)),
            "label": label_tensor(label, self.class_count),
            "tags": torch.from_numpy(tags_C.astype(np.float32)),
        }
        return {**sample, "region": torch.from_numpy(crop.maps[1])} if self.regions is not None else sample

    def _regions_of(self, record: ImageRecord) -> list[np.ndarray]:
        if self.regions is None:
            return []
        return [full_partition(self.regions[record.image_id], self.min_region_px)]


def _fill(rule: Normalisation) -> list[float]:
    """The RGB colour in 0..1 that the network sees as 0."""
    mean = [value / rule.scale / float(WHITE) for value in rule.mean]
    return mean[::-1] if rule.bgr else mean
