"""Stages of SPML on the images of `tiny_data`: seeds with unlabelled pixels, regions, a trained embedding."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from training.tiny_data import tiny_context

from wsss_core.artifacts import label_maps, regions
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.data.drawing import widened
from wsss_core.data.labels import read_label_png
from wsss_core.label_ids import UNLABELLED
from wsss_core.regions.partition import partition_row
from wsss_core.segmenters import pixel_to_segment
from wsss_core.settings.base import Settings
from wsss_core.settings.spml import PixelToSegmentSettings
from wsss_core.stages.context import StageContext

TINY = {"network": "small", "crop": 40, "batch": 3, "clusters": [3, 3], "warmup_steps": 2, "learning_rate": 0.02}


def truth_of(record: ImageRecord) -> np.ndarray:
    return read_label_png(str(record.truth))


def point_labels(record: ImageRecord) -> np.ndarray:
    """A few labelled pixels of the square and of the background; the rest is unlabelled."""
    truth_HW = truth_of(record)
    drawn_HW = np.full(truth_HW.shape, UNLABELLED, truth_HW.dtype)
    for label in np.unique(truth_HW):
        rows, columns = np.nonzero(truth_HW == label)
        drawn_HW[rows[len(rows) // 2], columns[len(rows) // 2]] = label
    return widened(drawn_HW, 5)


def write_rows(folder: Path, manifest: Manifest) -> tuple[Path, Path]:
    """Folders of seeds with unlabelled pixels and of regions: the true square and its surroundings in two halves."""
    with (
        PartWriter(folder / "seeds" / "parts" / "00000.arrow", label_maps.SCHEMA) as seeds,
        PartWriter(folder / "regions" / "parts" / "00000.arrow", regions.SCHEMA) as found,
    ):
        for record in manifest.records:
            seeds.append(label_maps.encode(LabelRow(record.image_id, point_labels(record))))
            found.append(regions.encode(partition_row(record.image_id, region_map(record))))
    return folder / "seeds", folder / "regions"


def region_map(record: ImageRecord) -> np.ndarray:
    truth_HW = truth_of(record).astype(np.int64)
    truth_HW[:, truth_HW.shape[1] // 2 :] += 10
    return truth_HW


def train_embedding(folder: Path, manifest: Manifest, **changes: object) -> StageContext:
    """Train on points in `folder`/segmenter; returns the stage's context."""
    length = {} if {"steps", "epochs"} & set(changes) else {"epochs": 2}
    settings = PixelToSegmentSettings.parse({**TINY, **length, **changes}, "segmenter")
    seeds, found = write_rows(folder, manifest)
    context = tiny_context(folder / "segmenter", "segmenter", settings, seeds=seeds, regions=found)
    pixel_to_segment.train(context)
    return context


def stage(folder: Path, name: str, kind: str, settings: Settings, **inputs: Path) -> StageContext:
    """Context of a stage behind the trained embedding."""
    return replace(tiny_context(folder / name, kind, settings, **inputs), method=name)


def rows_for(record: ImageRecord) -> Mapping[str, Row]:
    """Rows of seeds and regions of one image."""
    seeds = LabelRow(record.image_id, point_labels(record))
    return {"seeds": seeds, "regions": partition_row(record.image_id, region_map(record))}
