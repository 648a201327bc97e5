"""Regions made elsewhere: label maps as PNG, or masks as JSON with COCO run-length codes.

A JSON file is a list of masks, or an object whose `annotations` is one (SA-1B). A mask is an object with
`segmentation`: `{"size": [H, W], "counts": text or list of run lengths}`, and, if known, `predicted_iou`,
`stability_score` and `level`. The pickled lists of FMA-WSSS (`.pkl`) hold the same.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import checked_runs, compress_counts, mask_areas
from wsss_core.data.image_formats import LABEL_MAPS
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.exchange.sam_anns import read_sam_anns
from wsss_core.regions.partition import partition_row
from wsss_core.settings.regions import PrecomputedRegionsSettings
from wsss_core.stages.context import Processor, StageContext

MASKS = ".json"
PICKLED_MASKS = ".pkl"
_LABEL_MODES = ("L", "P", "I;16", "I;16B", "I")


class RegionFileError(ValueError):
    """A file of precomputed regions that cannot be used; the text says which, what was expected and what to do."""


def read_label_map(path: Path) -> np.ndarray:
    """Int32 label map (H, W) of a grey 8- or 16-bit or palette PNG; the stored numbers count, not the colours."""
    try:
        with Image.open(path, formats=LABEL_MAPS) as image:
            image.load()
            mode, label_HW = image.mode, np.array(image)
    except Exception as error:  # on damaged files Pillow's decoders raise errors of any kind
        raise RegionFileError(
            f"{path}: expected a label map as PNG, found a damaged file ({error}); copy it again"
        ) from error
    if mode not in _LABEL_MODES:
        raise RegionFileError(
            f"{path}: expected a label map as grey PNG of 8 or 16 bits or as palette PNG, found mode {mode}; save one "
            "number per pixel"
        )
    return label_HW.astype(np.int32)


def read_masks(path: Path, image_id: str, size_hw: tuple[int, int]) -> RegionRow:
    """Row of a JSON file of masks, in the file's order, with 1 for scores and 0 for levels that it does not give.

    Raises `RegionFileError` for other JSON and for masks that are not of the image's size (H, W).
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RegionFileError(f"{path}: expected JSON, found a damaged file ({error}); copy it again") from error
    masks = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(masks, list) or not all(isinstance(mask, dict) for mask in masks):
        raise RegionFileError(f"{path}: expected a list of masks or an object with `annotations`, found other JSON")
    return masks_row(masks, image_id, size_hw, path)


def masks_row(masks: Sequence[Mapping[str, Any]], image_id: str, size_hw: tuple[int, int], path: Path) -> RegionRow:
    """Row of masks as Segment Anything describes them; `path` is for messages. Raises as `read_masks`."""
    rles = tuple(_segmentation(mask, size_hw, f"{path}, mask {index}") for index, mask in enumerate(masks))
    return RegionRow(
        image_id=image_id,
        size_hw=size_hw,
        rles=rles,
        area=mask_areas(rles, size_hw),
        level=np.array([mask.get("level", 0) for mask in masks], np.int32),
        predicted_iou=np.array([mask.get("predicted_iou", 1) for mask in masks], np.float32),
        stability=np.array([mask.get("stability_score", 1) for mask in masks], np.float32),
    )


def _segmentation(mask: Mapping[str, object], image_hw: tuple[int, int], where: str) -> bytes:
    """Compressed counts of a mask."""
    code = mask.get("segmentation")
    size = code.get("size") if isinstance(code, dict) else None
    counts = code.get("counts") if isinstance(code, dict) else None
    if not (isinstance(size, list) and isinstance(counts, str | list)):
        raise RegionFileError(
            f'{where}: expected `segmentation` as {{"size": [H, W], "counts": text or list}}, found {_short(code)}; '
            "polygons must be turned into run-length codes first"
        )
    _check_size(tuple(size), image_hw, where)
    try:
        if isinstance(counts, list):
            return compress_counts(counts, image_hw, where)
        data = counts.encode()
        checked_runs(data, image_hw, where)
        return data
    except (ValueError, TypeError) as error:
        raise RegionFileError(str(error)) from error


def _check_size(found: tuple[int, ...], image_hw: tuple[int, int], where: str) -> None:
    if found != image_hw:
        raise RegionFileError(
            f"{where}: expected regions of {image_hw[0]} x {image_hw[1]} pixels (height x width), found "
            f"{' x '.join(map(str, found))}; make them from the image as it is displayed"
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def read_regions(path: Path, image_id: str, size_hw: tuple[int, int], void_label: int | None = None) -> RegionRow:
    """The regions of one image of size (H, W) from a PNG, JSON or pickled file.

    Raises `RegionFileError` (a ValueError) when the file cannot be used, `UnsafePickleError` (one, too) for a pickle
    that could run a program.
    """
    if path.suffix == MASKS:
        return read_masks(path, image_id, size_hw)
    if path.suffix == PICKLED_MASKS:
        return masks_row(read_sam_anns(path), image_id, size_hw, path)
    label_HW = read_label_map(path)
    _check_size(label_HW.shape, size_hw, str(path))
    return partition_row(image_id, label_HW, void_label)


def processor(context: StageContext) -> Processor:
    """One file per image."""
    settings = context.typed_settings(PrecomputedRegionsSettings)
    folder = FileFolder.at(*settings.files()[0])

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        path = folder.file(record.image_id)
        return read_regions(path, record.image_id, (record.height, record.width), settings.void_label)

    return process
