"""Rows of `affinity_labels`: what an affinity network is trained on, per image. Each form fills columns of its own.

PSA keeps class probabilities after two CRFs, at image size, because its training crops are not aligned to the grid on
which the labels are averaged. They are float16 here: mostly saturated, they compress well. IRN keeps one label map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from wsss_core.artifacts.png import decode_png, encode_png

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("class_ids", pa.list_(pa.int32())),
        ("low", pa.binary()),
        ("high", pa.binary()),
        ("label_png", pa.binary()),
    ]
)

STORED = np.dtype("<f2")
NULLS = dict.fromkeys(SCHEMA.names)


@dataclass(frozen=True)
class AffinityLabelRow:
    """CRF probabilities of one image (PSA).

    `class_ids` int32 (K,): 0 first, then the tagged classes ascending. `low_KHW`, `high_KHW`: float16 probabilities
    after the CRF with a low and a high background power alpha (PSA: 4 and 32).
    """

    method: ClassVar[str] = "crf_pair"
    image_id: str
    class_ids: np.ndarray
    low_KHW: np.ndarray
    high_KHW: np.ndarray


@dataclass(frozen=True)
class IrLabelRow:
    """Label map of one image (IRN). `label_HW` label ids: 0 sure background, 1..C sure classes, 255 undecided."""

    method: ClassVar[str] = "ir_label"
    image_id: str
    label_HW: np.ndarray


def encode(row: AffinityLabelRow | IrLabelRow) -> dict[str, object]:
    """Record of a row; the columns of the other form are null."""
    if isinstance(row, IrLabelRow):
        height, width = row.label_HW.shape
        filled = {"image_id": row.image_id, "height": height, "width": width, "label_png": encode_png(row.label_HW)}
        return {**NULLS, **filled}
    return {
        **NULLS,
        "image_id": row.image_id,
        "height": row.low_KHW.shape[1],
        "width": row.low_KHW.shape[2],
        "class_ids": [int(label) for label in row.class_ids],
        "low": np.ascontiguousarray(row.low_KHW, STORED).tobytes(),
        "high": np.ascontiguousarray(row.high_KHW, STORED).tobytes(),
    }


def decode(record: Mapping[str, object]) -> AffinityLabelRow | IrLabelRow:
    """Row of a record, in the form whose columns are set."""
    fields = dict(record)
    png = fields.get("label_png")
    if png is not None:
        return IrLabelRow(str(fields["image_id"]), decode_png(png))  # type: ignore[arg-type]
    class_ids = np.asarray(fields["class_ids"], np.int32)
    shape = (len(class_ids), fields["height"], fields["width"])
    low, high = (np.frombuffer(fields[name], STORED).reshape(shape) for name in ("low", "high"))  # type: ignore
    return AffinityLabelRow(str(fields["image_id"]), class_ids, low, high)
