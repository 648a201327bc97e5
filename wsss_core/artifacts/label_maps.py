"""Row of `seeds` and `predictions`: one label map per image."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from wsss_core.artifacts.png import decode_png, encode_png
from wsss_core.label_ids import IGNORE, UNLABELLED

MAXIMUM_CONFIDENCE = 255

SCHEMA = pa.schema([("image_id", pa.string()), ("label_png", pa.binary()), ("confidence_png", pa.binary())])


@dataclass(frozen=True)
class LabelRow:
    """Label map of one image.

    `label_HW` label ids (see `label_ids`): 0 background, 1.. classes, 254 unlabelled, 255 ignore; uint8, or uint16
    where an id does not fit.
    `confidence_HW` uint8, 255 = certain, or None.
    """

    image_id: str
    label_HW: np.ndarray
    confidence_HW: np.ndarray | None = None


def encode(row: LabelRow) -> dict[str, object]:
    """Record of a row."""
    confidence = None if row.confidence_HW is None else encode_png(row.confidence_HW)
    return {"image_id": row.image_id, "label_png": encode_png(row.label_HW), "confidence_png": confidence}


def decode(record: Mapping[str, object]) -> LabelRow:
    """Row of a record."""
    confidence = record["confidence_png"]
    return LabelRow(
        image_id=str(record["image_id"]),
        label_HW=decode_png(record["label_png"]),  # type: ignore[arg-type]
        confidence_HW=None if confidence is None else decode_png(confidence),  # type: ignore[arg-type]
    )


def unlabelled_ignored(label_HW: np.ndarray) -> np.ndarray:
    """The label map with 255 for 254, for methods that make no difference."""
    return np.where(label_HW == UNLABELLED, IGNORE, label_HW)
