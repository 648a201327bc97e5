"""Row of `saliency`: how much each pixel of an image stands out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from wsss_core.artifacts.png import decode_png, encode_png

SCHEMA = pa.schema([("image_id", pa.string()), ("saliency_png", pa.binary())])


@dataclass(frozen=True)
class SaliencyRow:
    """Saliency of one image at its size. `saliency_HW` uint8: 0 background, 255 salient; values between are kept."""

    image_id: str
    saliency_HW: np.ndarray


def encode(row: SaliencyRow) -> dict[str, object]:
    """Record of a row."""
    return {"image_id": row.image_id, "saliency_png": encode_png(row.saliency_HW)}


def decode(record: Mapping[str, object]) -> SaliencyRow:
    """Row of a record."""
    return SaliencyRow(str(record["image_id"]), decode_png(record["saliency_png"]))  # type: ignore[arg-type]
