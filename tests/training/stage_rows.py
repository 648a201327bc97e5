"""Rows of upstream stages for the images of `tiny_data`, written as parts."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from wsss_core.artifacts import affinity_labels, label_maps
from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.data.labels import read_label_png


def write_seeds(folder: Path, manifest: Manifest, without: Iterable[str] = ()) -> Path:
    """The ground truth as seeds, with a column of ignored pixels, in two parts."""
    for part in (0, 1):
        with PartWriter(folder / "parts" / f"train-{part}.arrow", label_maps.SCHEMA) as writer:
            for record in _of_part(manifest, part, without):
                label_HW = read_label_png(str(record.truth))
                label_HW[:, 0] = 255
                writer.append(label_maps.encode(LabelRow(record.image_id, label_HW)))
    return folder


def write_affinity_labels(folder: Path, manifest: Manifest, without: Iterable[str] = ()) -> Path:
    """Certain scores from the ground truth, in two parts; the background scores differ between low and high."""
    return _write_labels(folder, manifest, without, affinity_row)


def write_ir_labels(folder: Path, manifest: Manifest, without: Iterable[str] = ()) -> Path:
    """The ground truth as labels of `ir_label`, in two parts."""
    return _write_labels(folder, manifest, without, ir_row)


def _write_labels(
    folder: Path,
    manifest: Manifest,
    without: Iterable[str],
    row_of: Callable[[ImageRecord], AffinityLabelRow | IrLabelRow],
) -> Path:
    for part in (0, 1):
        with PartWriter(folder / "parts" / f"train-{part}.arrow", affinity_labels.SCHEMA) as writer:
            for record in _of_part(manifest, part, without):
                writer.append(affinity_labels.encode(row_of(record)))
    return folder


def affinity_row(record: ImageRecord) -> AffinityLabelRow:
    """Background and tags; 0.9 where the ground truth is, 0.1 elsewhere, as float16."""
    label_HW = read_label_png(str(record.truth))
    class_ids = np.array([0, *record.tags], np.int32)
    scores_KHW = np.where(label_HW[None] == class_ids[:, None, None], 0.9, 0.1).astype(np.float16)
    return AffinityLabelRow(record.image_id, class_ids, scores_KHW, scores_KHW)


def ir_row(record: ImageRecord) -> IrLabelRow:
    """The ground truth with a column of undecided pixels."""
    label_HW = read_label_png(str(record.truth))
    label_HW[:, 0] = 255
    return IrLabelRow(record.image_id, label_HW)


def _of_part(manifest: Manifest, part: int, without: Iterable[str]) -> list[ImageRecord]:
    return [record for record in manifest.records if record.part == part and record.image_id not in set(without)]
