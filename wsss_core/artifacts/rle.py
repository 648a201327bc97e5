"""Binary masks as COCO run-length codes: column-major runs, the first of zeros, compressed counts as bytes.

`counts` are the bytes that pycocotools calls "compressed RLE"; the mask's size lies beside them
(`RegionRow.size_hw`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from pycocotools import mask as coco

_CHUNK_BYTES = 1 << 25
"""Masks are packed in groups of at most 32 MB, so that a thousand masks of a large image are not copied at once."""
_FIRST_CHARACTER = 48
_BITS, _LOW_BITS, _SIGN, _MORE = 5, 31, 16, 32
_LONGEST_NUMBER = 12  # 60 bits; longer ones overflow and fit no image


def encode_masks(mask_RHW: np.ndarray) -> tuple[bytes, ...]:
    """Run-length codes of bool (or 0/1) masks (R, H, W), one byte string per mask."""
    if mask_RHW.ndim != 3:
        raise ValueError(f"expected masks (R, H, W), found an array with shape {mask_RHW.shape}")
    step = _masks_per_chunk(mask_RHW.shape[1:])
    chunks = (mask_RHW[start : start + step] for start in range(0, len(mask_RHW), step))
    return tuple(counts for chunk in chunks for counts in _encode_chunk(chunk))


def _encode_chunk(mask_RHW: np.ndarray) -> list[bytes]:
    columns_HWR = np.asfortranarray(mask_RHW.astype(bool).view(np.uint8).transpose(1, 2, 0))
    return [code["counts"] for code in coco.encode(columns_HWR)]


def decode_masks(counts: Sequence[bytes], size_hw: tuple[int, int]) -> np.ndarray:
    """Bool masks (R, H, W) of run-length codes; (0, H, W) for none.

    Raises `ValueError` when a code does not fill a mask of that size.
    """
    mask_RHW = np.zeros((len(counts), *size_hw), bool)
    for index, mask_HW in enumerate(iter_masks(counts, size_hw)):
        mask_RHW[index] = mask_HW
    return mask_RHW


def iter_masks(counts: Sequence[bytes], size_hw: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield the bool masks (H, W) one by one. Raises as `decode_masks`."""
    height, width = size_hw
    for index, code in enumerate(counts):
        runs = checked_runs(code, size_hw, f"mask {index}")
        value = np.arange(len(runs)) % 2 == 1
        yield np.repeat(value, runs).reshape(width, height).T


def mask_areas(counts: Sequence[bytes], size_hw: tuple[int, int]) -> np.ndarray:
    """Pixels of each mask, int32 (R,), without unpacking."""
    if not counts:
        return np.zeros(0, np.int32)
    return coco.area([{"size": list(size_hw), "counts": code} for code in counts]).astype(np.int32)


def compress_counts(runs: Sequence[int] | np.ndarray, size_hw: tuple[int, int], where: str) -> bytes:
    """Compressed counts of plain run lengths (zeros first), as in SAM's "uncompressed_rle".

    Raises `ValueError`, opening with `where`, when the runs do not add up to the mask's pixels.
    """
    lengths = np.asarray(runs, np.int64)
    pixels = size_hw[0] * size_hw[1]
    if lengths.ndim != 1 or (lengths < 0).any() or lengths.sum() != pixels:
        raise ValueError(
            f"{where}: expected run lengths >= 0 that add up to {size_hw[0]} x {size_hw[1]} = {pixels} pixels, "
            f"found {len(lengths)} runs with sum {lengths.sum()}; the file is damaged or belongs to another image"
        )
    code = {"size": list(size_hw), "counts": lengths.tolist()}
    return bytes(coco.frPyObjects(code, *size_hw)["counts"])


def checked_runs(counts: bytes, size_hw: tuple[int, int], where: str) -> np.ndarray:
    """Run lengths (zeros first) of compressed counts, int64, checked to fill a mask of that size exactly.

    Raises `ValueError`, opening with `where`.
    """
    runs = uncompress_counts(counts, where)
    pixels = size_hw[0] * size_hw[1]
    if runs.sum() != pixels:
        raise ValueError(
            f"{where}: expected a run-length code of {size_hw[0]} x {size_hw[1]} = {pixels} pixels, found one of "
            f"{runs.sum()}; it is damaged or belongs to another image"
        )
    return runs


def one_ranges(counts: bytes, size_hw: tuple[int, int], where: str) -> tuple[np.ndarray, np.ndarray]:
    """First pixel and one past the last of each run of ones, int64, in column-major order. Raises as `checked_runs`."""
    edges = np.concatenate([[0], checked_runs(counts, size_hw, where).cumsum()])
    return edges[1:-1:2], edges[2::2]


def uncompress_counts(counts: bytes, where: str = "mask") -> np.ndarray:
    """Run lengths (zeros first) of compressed counts, int64.

    The code (pycocotools, `rleFrString`): 5 bits per character from 48 on, low bits first, bit 6 = more follows, sign
    in the last character; from the fourth run on the difference to the run before the last is stored.
    Raises `ValueError`, opening with `where`, for bytes that no encoder writes.
    """
    digit = np.frombuffer(counts, np.uint8).astype(np.int64) - _FIRST_CHARACTER
    if ((digit < 0) | (digit > _MORE | _LOW_BITS)).any():
        raise ValueError(f"{where}: expected characters '0' to 'o' in a run-length code, found other bytes")
    last = np.flatnonzero(digit & _MORE == 0)
    if not len(last) or last[-1] != len(digit) - 1:
        raise ValueError(f"{where}: the run-length code is empty or cut off")
    first = np.concatenate([[0], last[:-1] + 1])
    length = last - first + 1
    place = np.arange(len(digit)) - np.repeat(first, length)
    if length.max() > _LONGEST_NUMBER:
        raise ValueError(f"{where}: the run-length code holds a number of more than {_LONGEST_NUMBER} characters")
    runs = np.add.reduceat((digit & _LOW_BITS) << (_BITS * place), first)
    runs -= np.where(digit[last] & _SIGN, 1 << (_BITS * length), 0)
    runs[1::2] = runs[1::2].cumsum()
    runs[2::2] = runs[2::2].cumsum()
    if (runs < 0).any():
        raise ValueError(f"{where}: the run-length code is damaged, a run has a negative length")
    return runs


def _masks_per_chunk(size_hw: tuple[int, ...]) -> int:
    return max(1, _CHUNK_BYTES // max(1, size_hw[0] * size_hw[1]))
