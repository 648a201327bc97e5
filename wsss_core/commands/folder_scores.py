"""Scoring two folders of label PNGs: pairs by image id, counts pooled over all pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.labels import LabelError, read_label_png
from wsss_core.evaluation.boundary_iou import boundary_counts, boundary_iou
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou, mean_over_present
from wsss_core.exchange.file_names import file_name

PNG = ".png"


@dataclass(frozen=True)
class FolderScores:
    """Pooled figures of a folder, in [0, 1]; NaN for a class that is in no truth and no prediction.

    `iou_K` float64 (K,), index = label id; `boundary_K` likewise or None. `images`: how many were scored.
    """

    images: int
    iou_K: np.ndarray
    boundary_K: np.ndarray | None

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present, as PASCAL VOC defines it."""
        return float(mean_over_present(self.iou_K))

    @property
    def boundary_miou(self) -> float | None:
        """Mean boundary IoU over the classes present, or None when it was not asked for."""
        return None if self.boundary_K is None else float(mean_over_present(self.boundary_K))


def all_ids(folder: Path) -> list[str]:
    """Image ids of all PNGs in `folder` and its sub-folders, sorted. Raises `DataError` when there are none."""
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder of label PNGs, found no folder. To do: correct the path.")
    ids = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(f"*{PNG}"))
    if not ids:
        raise DataError(f"{folder}: expected label PNGs, found no {PNG} file. To do: correct the path.")
    return ids


def find_pairs(ids: Sequence[str], truth: Path, predictions: Path) -> list[tuple[Path, Path]]:
    """(truth, prediction) file of each id. Raises `DataError` that counts and lists the missing ones."""
    pairs = [(_file(truth, image_id), _file(predictions, image_id)) for image_id in ids]
    for side, folder in ((0, truth), (1, predictions)):
        missing = [f"{image_id}{PNG}" for image_id, pair in zip(ids, pairs, strict=True) if not pair[side].is_file()]
        if missing:
            what = f"of {len(ids)} files are missing in {folder}"
            raise join_faults(what, missing, "write them, or give `--list` with the ids that are to be scored")
    return pairs


def _file(folder: Path, image_id: str) -> Path:
    """Where a folder keeps an id: under the name that `wsss export` gives it, else as a path."""
    exported = folder / file_name(image_id, PNG)
    return exported if exported.is_file() else folder / f"{image_id}{PNG}"


def score(pairs: Iterable[tuple[Path, Path]], class_count: int, boundary: bool = False) -> FolderScores:
    """Pooled scores of (truth, prediction) label PNGs with ids 0..class_count-1 and 255.

    Raises `LabelError` naming the file for unreadable files, differing sizes and label ids out of range.
    """
    counts = np.zeros((class_count, class_count + 1), np.int64)
    bands = np.zeros((class_count, 2), np.int64)
    images = 0
    for truth_file, prediction_file in pairs:
        truth_HW, prediction_HW = read_label_png(truth_file), read_label_png(prediction_file)
        try:
            counts += confusion_counts(truth_HW, prediction_HW, class_count)
        except ValueError as error:
            raise LabelError(f"{prediction_file}, with the truth {truth_file}: {error}") from error
        if boundary:
            bands += boundary_counts(truth_HW, prediction_HW, class_count)
        images += 1
    return FolderScores(images, class_iou(counts), boundary_iou(bands) if boundary else None)
