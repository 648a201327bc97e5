"""Row of `affinity_labels`: what an affinity network is trained on, per image.

PSA keeps class probabilities after two CRFs, at image size, because its training crops are not aligned to the grid on
which the labels are averaged. They are float16 here: mostly saturated, they compress well.
"""

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
        ("low", pa.binary()),
        ("high", pa.binary()),
    ]
)

STORED = np.dtype("<f2")


@dataclass(frozen=True)
class AffinityLabelRow:
    """CRF probabilities of one image.

    `class_ids` int32 (K,): 0 first, then the tagged classes ascending. `low_KHW`, `high_KHW`: float16 probabilities
    after the CRF with a low and a high background power alpha (PSA: 4 and 32).
    """

    image_id: str
    class_ids: np.ndarray
    low_KHW: np.ndarray
    high_KHW: np.ndarray


def encode(row: AffinityLabelRow) -> dict[str, object]:
    """Record of a row."""
    return {
        "image_id": row.image_id,
        "height": row.low_KHW.shape[1],
        "width": row.low_KHW.shape[2],
        "class_ids": [int(label) for label in row.class_ids],
        "low": np.ascontiguousarray(row.low_KHW, STORED).tobytes(),
        "high": np.ascontiguousarray(row.high_KHW, STORED).tobytes(),
    }


def decode(record: Mapping[str, object]) -> AffinityLabelRow:
    """Row of a record."""
    fields = dict(record)
    class_ids = np.asarray(fields["class_ids"], np.int32)
    shape = (len(class_ids), fields["height"], fields["width"])
    low, high = (np.frombuffer(fields[name], STORED).reshape(shape) for name in ("low", "high"))  # type: ignore
    return AffinityLabelRow(str(fields["image_id"]), class_ids, low, high)
