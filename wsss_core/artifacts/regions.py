"""Row of `regions`: an over-segmentation or a set of (possibly overlapping) masks of one image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("rles", pa.list_(pa.binary())),
        ("area", pa.list_(pa.int32())),
        ("level", pa.list_(pa.int32())),
        ("predicted_iou", pa.list_(pa.float32())),
        ("stability", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class RegionRow:
    """Regions of one image.

    `rles`: R COCO RLE byte strings (column-major runs, compressed counts) of masks of size `size_hw`.
    `area` int32 (R,) pixels; `level` int32 (R,), the method's own (SAM: 0 subpart, 1 part, 2 whole), 0 where there is
    one; `predicted_iou` and `stability` float32 (R,) in 0..1, 1 where the method has none.
    """

    image_id: str
    size_hw: tuple[int, int]
    rles: tuple[bytes, ...]
    area: np.ndarray
    level: np.ndarray
    predicted_iou: np.ndarray
    stability: np.ndarray


def encode(row: RegionRow) -> dict[str, object]:
    """Record of a row."""
    return {
        "image_id": row.image_id,
        "height": row.size_hw[0],
        "width": row.size_hw[1],
        "rles": list(row.rles),
        "area": row.area.tolist(),
        "level": row.level.tolist(),
        "predicted_iou": row.predicted_iou.tolist(),
        "stability": row.stability.tolist(),
    }


def decode(record: Mapping[str, object]) -> RegionRow:
    """Row of a record."""
    fields = dict(record)
    return RegionRow(
        image_id=str(fields["image_id"]),
        size_hw=(fields["height"], fields["width"]),  # type: ignore[arg-type]
        rles=tuple(fields["rles"]),  # type: ignore[arg-type]
        area=np.asarray(fields["area"], np.int32),
        level=np.asarray(fields["level"], np.int32),
        predicted_iou=np.asarray(fields["predicted_iou"], np.float32),
        stability=np.asarray(fields["stability"], np.float32),
    )
