"""Dictionaries of class ids and stacked maps, one `.npy` per image: IRN (Ahn, Cho & Kwak, CVPR 2019) and CLIP-ES.

IRN: `keys` class ids from 0, `cam` torch tensor (K, h, w) at stride 4, h = floor((H - 1) / 4) + 1, `high_res` float32
(K, H, W). CLIP-ES: `keys` and `attn_highres` float16 (K, H, W).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.exchange.class_maps import ClassMaps, class_maps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.npy_dicts import write_dict
from wsss_core.label_ids import class_places

KEYS = "keys"
STRIDED = "cam"
FULL_SIZE = "high_res"
CLIP_ES = "attn_highres"
STRIDE = 4
_STACK_AXES = 3


def stacked_dict(content: Mapping[object, object], maps: str, where: str) -> ClassMaps:
    """The maps under the name `maps`, read with `TENSOR_STEPS`; the class c gets the label c + 1.

    Raises `ForeignFileError` where class ids or maps are missing or do not fit each other.
    """
    missing = [name for name in (KEYS, maps) if name not in content]
    if missing:
        raise ForeignFileError(
            f"{where}: expected {KEYS!r} and {maps!r}, found {', '.join(map(repr, content)) or 'nothing'}"
        )
    keys, stack = content[KEYS], content[maps]
    ids = np.asarray(keys)
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise ForeignFileError(f"{where}: expected {KEYS!r} to be a list of class ids, found {ids.dtype} {ids.shape}")
    if not isinstance(stack, np.ndarray) or stack.ndim != _STACK_AXES:
        found = stack.shape if isinstance(stack, np.ndarray) else type(stack).__name__
        raise ForeignFileError(f"{where}: expected {maps!r} with the axes (K, h, w), found {found}")
    return class_maps(list(ids), list(stack), 1, f"{where}, {maps}")


def strided_hw(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Size of the maps `cam` of an image of the size (H, W)."""
    return (size_hw[0] - 1) // STRIDE + 1, (size_hw[1] - 1) // STRIDE + 1


def write_irn_dict(
    path: Path | str, labels: Sequence[int] | np.ndarray, strided_Chw: np.ndarray, maps_CHW: np.ndarray
) -> None:
    """Write the maps of the foreground `labels` (from 1) at stride 4 and at image size, float32, as IRN does.

    `keys` is a tensor, too. Raises ValueError for maps that are not one per label, for other sizes and for the label 0.
    """
    expected = (len(labels), *strided_hw((maps_CHW.shape[1], maps_CHW.shape[2])))
    if strided_Chw.shape != expected or len(maps_CHW) != len(labels):
        raise ValueError(
            f"{path}: expected maps of {len(labels)} classes at image size and {expected} at stride {STRIDE}, found "
            f"{maps_CHW.shape} and {strided_Chw.shape}"
        )
    ids = class_places(labels)
    if (ids < 0).any():
        raise ValueError(f"{path}: expected classes only, found a background, for which IRN's files have no place")
    strided = torch.from_numpy(np.array(strided_Chw, np.float32))
    write_dict(path, {KEYS: torch.from_numpy(ids), STRIDED: strided, FULL_SIZE: np.array(maps_CHW, np.float32)})
