"""A bank of labelled segments in one Arrow file, mapped into memory: a row for every segment of every image.

Vectors lie uncompressed and one behind the other, so that reading takes the disk's time only.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import torch

from wsss_core.artifacts.atomic import ArtifactError, atomic_output
from wsss_core.label_ids import is_known

FILE_NAME = "bank.arrow"
ROWS_PER_BATCH = 8192
"""Rows that are written and read at a time."""


class BankRows(NamedTuple):
    """The segments of one image at one scale: `prototype_ND` float32 of length 1, `label_N` label ids."""

    image_id: str
    scale: float
    prototype_ND: np.ndarray
    label_N: np.ndarray


def write_bank(path: Path, rows: Iterable[BankRows]) -> int:
    """Write a bank atomically, some thousand rows in memory at a time; returns the number of rows.

    Raises `ValueError` when there is no segment at all.
    """
    waiting, count, writer = list[pa.Table](), 0, None
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_output(path))
        for item in rows:
            waiting.append(_table(item))
            count += len(item.label_N)
            if writer is None:
                writer = stack.enter_context(pyarrow.ipc.new_file(str(temporary), waiting[0].schema))
            if sum(table.num_rows for table in waiting) >= ROWS_PER_BATCH:
                writer.write_table(pa.concat_tables(waiting).combine_chunks())
                waiting = []
        if writer is None or not count:
            raise ValueError(f"{path}: expected at least one segment for the bank, found none")
        if waiting:
            writer.write_table(pa.concat_tables(waiting).combine_chunks())
    return count


def _table(rows: BankRows) -> pa.Table:
    count, width = rows.prototype_ND.shape
    values = pa.array(np.ascontiguousarray(rows.prototype_ND, np.float32).reshape(-1))
    return pa.table(
        {
            "image_id": pa.array([rows.image_id] * count, pa.string()),
            "scale": pa.array(np.full(count, rows.scale, np.float32)),
            "label": pa.array(rows.label_N.astype(np.uint16)),
            "vector": pa.FixedSizeListArray.from_arrays(values, width),
        }
    )


class Bank:
    """A bank on disk, of which `labels` int64 (M,) are in memory and the vectors are read anew for every search.

    Only rows with a label below `classes` count: others (ignored, unlabelled) have no class to give.
    """

    def __init__(self, path: Path, classes: int) -> None:
        """Raises `FileNotFoundError` for no file, `ArtifactError` for another one or one without labelled rows."""
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no bank of segments here; run the stage that makes it first")
        try:
            self._file = pyarrow.ipc.open_file(pa.memory_map(str(path)))
            batches = [self._file.get_batch(index) for index in range(self._file.num_record_batches)]
            found = [batch.column("label").to_numpy() for batch in batches]
        except (pa.ArrowInvalid, KeyError, OSError) as error:
            raise ArtifactError(f"{path}: expected a bank of segments ({error}); run its stage again") from error
        self._kept = [np.flatnonzero(is_known(labels, classes)) for labels in found]
        kept = [labels[rows] for labels, rows in zip(found, self._kept, strict=True)]
        self.labels = torch.from_numpy(np.concatenate(kept).astype(np.int64)) if kept else torch.empty(0).long()
        if not len(self.labels):
            raise ArtifactError(
                f"{path}: expected segments with a label below {classes}, found none; look at the seeds"
            )

    def blocks(self) -> Iterator[torch.Tensor]:
        """The vectors (n, D) of the rows that count, in order, a few thousand at a time; not to be written to."""
        for index, rows in enumerate(self._kept):
            column = self._file.get_batch(index).column("vector")
            vectors = torch.from_dlpack(column.flatten()).reshape(-1, column.type.list_size)  # the file's own memory
            yield vectors if len(rows) == len(vectors) else vectors[torch.from_numpy(rows)]
