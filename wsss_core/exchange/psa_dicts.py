"""Dictionaries of class maps as PSA writes them, one `.npy` per image (Ahn & Kwak, CVPR 2018).

| file | keys | values |
|---|---|---|
| CAM | class ids from 0, no background | scores in [0, 1], float32 (H, W) |
| CRF ("la", "ha") | 0 = background, class c under c + 1 | CRF probabilities, float32 (H, W) |

EPS, SEAM and others write the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from wsss_core.exchange.class_maps import ClassMaps, class_maps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.npy_dicts import write_dict
from wsss_core.label_ids import BACKGROUND, class_places

Labels = Sequence[int] | np.ndarray


def cam_dict(content: Mapping[object, object], where: str) -> ClassMaps:
    """The maps of a CAM dictionary; the class c gets the label c + 1. Raises `ForeignFileError`, see `class_maps`."""
    return class_maps(list(content), list(content.values()), 1, where)


def crf_dict(content: Mapping[object, object], where: str) -> ClassMaps:
    """The maps of a CRF dictionary, background first. Raises `ForeignFileError`, also where there is no background."""
    found = class_maps(list(content), list(content.values()), 0, where)
    if BACKGROUND not in found.labels:
        raise ForeignFileError(
            f"{where}: expected the background under key {BACKGROUND} and class c under c + 1, found the keys "
            f"{list(content)}. To do: check whether these are CAMs, which have no background."
        )
    return found


def write_cam_dict(path: Path | str, labels: Labels, maps_CHW: np.ndarray) -> None:
    """Write maps (C, H, W) of the foreground `labels` (from 1) as a CAM dictionary, float32.

    Raises ValueError for the label 0: the format has no place for a background.
    """
    if BACKGROUND in labels:
        raise ValueError(f"{path}: expected classes only, found a background, for which a CAM dictionary has no place")
    _write(path, class_places(labels).tolist(), maps_CHW)


def write_crf_dict(path: Path | str, labels: Labels, maps_KHW: np.ndarray) -> None:
    """Write maps (K, H, W) of `labels`, 0 = background, as a CRF dictionary, float32.

    Raises ValueError where the background is missing.
    """
    if BACKGROUND not in labels:
        raise ValueError(f"{path}: expected a background (label {BACKGROUND}), found the labels {list(labels)}")
    _write(path, (class_places(labels) + 1).tolist(), maps_KHW)


def _write(path: Path | str, keys: Sequence[int], maps_KHW: np.ndarray) -> None:
    maps = [np.ascontiguousarray(map_HW, np.float32) for map_HW in maps_KHW]
    write_dict(path, dict(zip(keys, maps, strict=True)))
