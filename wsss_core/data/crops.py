"""Crops of a fixed size, with a filled canvas where the image is smaller (PSA, Ahn & Kwak, CVPR 2018)."""

from collections.abc import Sequence

import numpy as np


def random_crop(
    arrays: Sequence[np.ndarray], size: int, rng: np.random.Generator, fills: Sequence[float]
) -> list[np.ndarray]:
    """Cut the same random square out of all `arrays` ((H, W) or (H, W, D), equal H and W, any dtype).

    Per axis: if the image is larger than `size` the offset in the image is uniform, otherwise the image stands at a
    uniform place in a canvas filled with the `fills` value of its array. Offsets are drawn rows first, then columns.
    Raises ValueError for arrays of different height or width, or another number of fills.
    """
    height, width = _common_size(arrays)
    if len(fills) != len(arrays):
        raise ValueError(f"expected one fill value per array ({len(arrays)}), found {len(fills)}")
    rows, columns = _random_slices(height, size, rng), _random_slices(width, size, rng)
    return [_cut(array, size, rows, columns, fill) for array, fill in zip(arrays, fills, strict=True)]


def centre_crop(array_HWD: np.ndarray, size: int, fill: float = 0.0) -> np.ndarray:
    """The central square of an (H, W) or (H, W, D) array, on a canvas of `fill` where the array is smaller.

    Per axis round(|n - size| / 2) pixels are skipped, or left free, at the start: nearest, halves to even, as
    the published validation does. Raises ValueError for a size below 1.
    """
    height, width = _common_size([array_HWD])
    return _cut(array_HWD, size, _centre_slices(height, size), _centre_slices(width, size), fill)


def top_left_crop(array_HWD: np.ndarray, size: int, fill: float = 0.0) -> np.ndarray:
    """The square at the top left of an (H, W) or (H, W, D) array, on a canvas of `fill` where the array is smaller.

    (IRN, Ahn et al., CVPR 2019: validation of the classifier, mean displacement.) Raises ValueError for a size below 1.
    """
    height, width = _common_size([array_HWD])
    return _cut(array_HWD, size, _top_left_slices(height, size), _top_left_slices(width, size), fill)


def _common_size(arrays: Sequence[np.ndarray]) -> tuple[int, int]:
    sizes = {array.shape[:2] for array in arrays}
    if len(sizes) != 1 or any(array.ndim < 2 for array in arrays):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"expected arrays of one height and width, axes (H, W) or (H, W, D), found shapes {shapes}")
    height, width = sizes.pop()
    return height, width


def _random_slices(length: int, size: int, rng: np.random.Generator) -> tuple[slice, slice]:
    return _slices(length, size, int(rng.integers(0, abs(length - size) + 1)))


def _centre_slices(length: int, size: int) -> tuple[slice, slice]:
    return _slices(length, size, round(abs(length - size) / 2))


def _top_left_slices(length: int, size: int) -> tuple[slice, slice]:
    return _slices(length, size, 0)


def _slices(length: int, size: int, start: int) -> tuple[slice, slice]:
    """Where to read in the image and where to write in the canvas, along one axis."""
    if size < 1:
        raise ValueError(f"expected a crop size of at least 1 pixel, found {size}")
    if length > size:
        return slice(start, start + size), slice(0, size)
    return slice(0, length), slice(start, start + length)


def _cut(
    array: np.ndarray, size: int, rows: tuple[slice, slice], columns: tuple[slice, slice], fill: float
) -> np.ndarray:
    canvas = np.full((size, size, *array.shape[2:]), fill, dtype=array.dtype)
    canvas[rows[1], columns[1]] = array[rows[0], columns[0]]
    return canvas
