"""Score maps of classes as foreign files hold them, checked: one map per class, of one size, of finite numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsss_core.exchange.errors import ForeignFileError

_MAP_AXES = 2
_LARGEST_ID = 2**30


@dataclass(frozen=True)
class ClassMaps:
    """`labels` int32 (K,), ascending, in the numbers of the file: 0 the background, c + 1 the file's class c.

    `maps_Khw` float32 (K, h, w). Without a class (K = 0) the file tells no size: (0, 0, 0).
    """

    labels: np.ndarray
    maps_Khw: np.ndarray


def class_maps(ids: Sequence[object], maps: Sequence[object], first_label: int, where: str) -> ClassMaps:
    """Checked maps (h, w) of the class ids `ids`, in ascending order; `where` opens the errors.

    `first_label`: the label of id 0; 1 where the ids leave out the background. Raises `ForeignFileError` for ids that
    are no numbers from 0 or stand twice, for another number of maps than ids, and for maps that are not float, finite,
    of two axes and of one size.
    """
    numbers = [_whole_number(number, where) for number in ids]
    if len(set(numbers)) != len(numbers):
        raise ForeignFileError(f"{where}: expected every class once, found the class ids {numbers}")
    if len(maps) != len(numbers):
        raise ForeignFileError(f"{where}: expected a map for each of {len(numbers)} class ids, found {len(maps)} maps")
    arrays = [_float_map(value, f"{where}, class id {number}") for number, value in zip(numbers, maps, strict=True)]
    if len({array.shape for array in arrays}) > 1:
        raise ForeignFileError(f"{where}: expected maps of one size, found {sorted({array.shape for array in arrays})}")
    order = np.argsort(numbers)
    stacked = np.stack([arrays[place] for place in order]) if arrays else np.zeros((0, 0, 0), np.float32)
    return ClassMaps(np.array(numbers, np.int32)[order] + np.int32(first_label), stacked)


def _whole_number(found: object, where: str) -> int:
    if isinstance(found, bool) or not isinstance(found, int | np.integer) or not 0 <= found <= _LARGEST_ID:
        raise ForeignFileError(f"{where}: expected class ids that are numbers from 0, found {found!r}")
    return int(found)


def _float_map(value: object, where: str) -> np.ndarray:
    """Float32 copy of a map of any float type; float16 and float32 keep their values."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim != _MAP_AXES:
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise ForeignFileError(f"{where}: expected a map of floats with the axes (h, w), found {found}")
    array = np.array(value, np.float32)
    if not np.isfinite(array).all():
        raise ForeignFileError(
            f"{where}: expected finite numbers, found infinite ones or NaN. To do: make the file again."
        )
    return array
