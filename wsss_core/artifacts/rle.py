"""Binary masks as COCO run-length codes: column-major runs, the first of zeros, compressed counts as bytes.

`counts` are the bytes that pycocotools calls "compressed RLE"; the mask's size lies beside them
(`RegionRow.size_hw`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from pycocotools import mask as coco

_CHUNK_BYTES = 1 << 25
"""Masks are unpacked in groups of at most 32 MB, so that a thousand masks of a large image need no gigabytes."""


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
    """Yield the bool masks (H, W) one by one, unpacking a few at a time. Raises as `decode_masks`."""
    step = _masks_per_chunk(size_hw)
    for start in range(0, len(counts), step):
        chunk = counts[start : start + step]
        for index, code in enumerate(chunk, start):
            check_counts(code, size_hw, f"mask {index}")
        mask_HWR = coco.decode([{"size": list(size_hw), "counts": code} for code in chunk])
        for index in range(len(chunk)):
            yield mask_HWR[..., index].astype(bool)


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


def check_counts(counts: bytes, size_hw: tuple[int, int], where: str) -> None:
    """Raise `ValueError`, opening with `where`, unless compressed counts fill a mask of that size exactly.

    pycocotools itself does not check and would return masks with garbage or crash.
    """
    pixels = size_hw[0] * size_hw[1]
    found = sum(uncompress_counts(counts, where))
    if found != pixels:
        raise ValueError(
            f"{where}: expected a run-length code of {size_hw[0]} x {size_hw[1]} = {pixels} pixels, found one "
            f"of {found}; it is damaged or belongs to another image"
        )


def uncompress_counts(counts: bytes, where: str = "mask") -> list[int]:
    """Run lengths (zeros first) of compressed counts.

    The code (pycocotools, `rleFrString`): 5 bits per character from 48 on, low bits first, bit 6 = more follows, sign
    in the last character; from the fourth run on the difference to the run before the last is stored.
    Raises `ValueError`, opening with `where`, for bytes that no encoder writes.
    """
    runs: list[int] = []
    value = shift = 0
    for byte in counts:
        digit = byte - 48
        if not 0 <= digit < 64:
            raise ValueError(f"{where}: expected characters '0' to 'o' in a run-length code, found byte {byte}")
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift or any(run < 0 for run in runs):
        raise ValueError(f"{where}: the run-length code is cut off or damaged")
    return runs


def _masks_per_chunk(size_hw: tuple[int, ...]) -> int:
    return max(1, _CHUNK_BYTES // max(1, size_hw[0] * size_hw[1]))
