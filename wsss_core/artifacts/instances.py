"""Row of `instances`: scored, possibly overlapping instance masks of one image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("class_ids", pa.list_(pa.int32())),
        ("scores", pa.list_(pa.float32())),
        ("rles", pa.list_(pa.binary())),
    ]
)


@dataclass(frozen=True)
class InstanceRow:
    """Instances of one image; there may be none.

    `class_ids` int32 (I,) label ids 1..C; `scores` float32 (I,), larger = surer, 0 = not to be trusted (such as a crumb
    of a mask); `rles`: I COCO RLE byte strings (see `artifacts.rle`) of masks of size `size_hw`.
    """

    image_id: str
    size_hw: tuple[int, int]
    class_ids: np.ndarray
    scores: np.ndarray
    rles: tuple[bytes, ...]


def encode(row: InstanceRow) -> dict[str, object]:
    """Record of a row. Raises ValueError when classes, scores and masks are not of one number."""
    if not len(row.class_ids) == len(row.scores) == len(row.rles):
        raise ValueError(
            f"image {row.image_id!r}: expected a class, a score and a mask per instance, found {len(row.class_ids)} "
            f"classes, {len(row.scores)} scores and {len(row.rles)} masks"
        )
    return {
        "image_id": row.image_id,
        "height": row.size_hw[0],
        "width": row.size_hw[1],
        "class_ids": [int(label) for label in row.class_ids],
        "scores": [float(score) for score in row.scores],
        "rles": list(row.rles),
    }


def decode(record: Mapping[str, object]) -> InstanceRow:
    """Row of a record."""
    fields = dict(record)
    return InstanceRow(
        image_id=str(fields["image_id"]),
        size_hw=(fields["height"], fields["width"]),  # type: ignore[arg-type]
        class_ids=np.asarray(fields["class_ids"], np.int32),
        scores=np.asarray(fields["scores"], np.float32),
        rles=tuple(fields["rles"]),  # type: ignore[arg-type]
    )
