"""Export of what trains affinity networks: the CRF dictionaries of PSA, or the label PNGs of IRN."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.exchange.file_names import file_name
from wsss_core.exchange.psa_dicts import write_crf_dict

LOW, HIGH = "la", "ha"


def write_crf_pairs(rows: Iterable[AffinityLabelRow], folder: Path | str) -> int:
    """Write each row as two CRF dictionaries, `la/<image id>.npy` and `ha/<image id>.npy`; returns the image count.

    The values are those of the rows, float16, as float32.
    """
    count = 0
    for row in rows:
        name = file_name(row.image_id, ".npy")
        write_crf_dict(Path(folder) / LOW / name, row.class_ids, row.low_KHW.astype(np.float32))
        write_crf_dict(Path(folder) / HIGH / name, row.class_ids, row.high_KHW.astype(np.float32))
        count += 1
    return count
