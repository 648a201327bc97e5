"""CRF probabilities that train AffinityNet, made elsewhere: two dictionaries per image, "la" and "ha" (PSA)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.class_maps import ClassMaps
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.exchange.image_size import check_size
from wsss_core.exchange.npy_dicts import read_dict
from wsss_core.exchange.psa_dicts import crf_dict
from wsss_core.settings.precomputed import PrecomputedPairSettings
from wsss_core.stages.context import Processor, StageContext


def read_pair(low: Path, high: Path, image_id: str, size_hw: tuple[int, int], order: ClassOrder) -> AffinityLabelRow:
    """The row of one image of the size (H, W) from its files with a low and a high power of the background.

    Raises FileNotFoundError, and `ForeignFileError` for files that do not fit the image, the classes or each other.
    """
    low_maps, high_maps = (_probabilities(path, size_hw, order) for path in (low, high))
    if not np.array_equal(low_maps.labels, high_maps.labels):
        raise ForeignFileError(
            f"{high}: expected the same classes as in {low}, {low_maps.labels.tolist()} as label ids, found "
            f"{high_maps.labels.tolist()}. To do: make both from the same CAMs."
        )
    low_KHW, high_KHW = (found.maps_Khw.astype(np.float16) for found in (low_maps, high_maps))
    return AffinityLabelRow(image_id, low_maps.labels, low_KHW, high_KHW)


def _probabilities(path: Path, size_hw: tuple[int, int], order: ClassOrder) -> ClassMaps:
    found = crf_dict(read_dict(path), str(path))
    check_size(found.maps_Khw.shape[1:], size_hw, str(path))
    if found.maps_Khw.min() < 0 or found.maps_Khw.max() > 1:
        raise ForeignFileError(
            f"{path}: expected probabilities, found {found.maps_Khw.min():.4g} to {found.maps_Khw.max():.4g}. To do: "
            "check that these are the files after the CRF."
        )
    kept = order.scores(found, str(path))
    if len(kept.labels) < len(found.labels):  # without its map, the pixels of a class would pass for another
        absent = [order.names[label - 1] for label in found.labels if order.label_ids[label] not in kept.labels]
        raise ForeignFileError(
            f"{path}: expected classes of the data, found {', '.join(absent)}. To do: add them to the data's `classes`."
        )
    return kept


def processor(context: StageContext) -> Processor:
    """Two files per image."""
    settings = context.typed_settings(PrecomputedPairSettings)
    low, high = (FileFolder.at(*files) for files in settings.files())
    order = ClassOrder.of(settings.classes, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> AffinityLabelRow:
        paths = low.file(record.image_id), high.file(record.image_id)
        return read_pair(*paths, record.image_id, (record.height, record.width), order)

    return process
