"""The gallery: the same images through all stages, best, worst and random ones."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import FORMATS
from wsss_core.artifacts.instance_masks import instance_numbers, trusted
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartReader
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.data.images import read_image
from wsss_core.data.instance_truth import read_instance_truth
from wsss_core.data.labels import read_label_png, voc_palette
from wsss_core.evaluation.target import INSTANCE_KIND
from wsss_core.label_ids import BACKGROUND, IGNORE, UNLABELLED
from wsss_core.report.figures import StageFigures
from wsss_core.report.pictures import (
    IGNORE_RGB,
    instance_overlay,
    jpeg_uri,
    label_uri,
    overlay,
    safe_palette,
    shrink,
    shrink_labels,
)
from wsss_core.report.stages import StageFacts

PICTURED_KINDS = ("saliency", "cams", "refined_cams", "seeds", "instances", "predictions")
LAST_COLOUR = 254  # more instances than that share one
GROUPS = ("best", "worst", "random")


@dataclass(frozen=True)
class Picture:
    """One thumbnail. `safe_uri`: the same in colours for any colour vision; empty for photographs and scores."""

    title: str
    uri: str
    safe_uri: str
    alt: str


@dataclass(frozen=True)
class Card:
    """One image of the gallery. `miou` in 0..1, of this image alone, or None; `labels`: label ids that are shown."""

    image_id: str
    miou: float | None
    tags: tuple[str, ...]
    pictures: tuple[Picture, ...]
    labels: frozenset[int]


def ranking(figures: Sequence[StageFigures], stages: Sequence[StageFacts], wanted_split: str) -> tuple[str, str]:
    """(stage, split) by whose per-image mIoU the gallery is sorted; empty texts when no image was scored.

    The split is `wanted_split`, else the one that most stages were evaluated on (the first of several); the stage is
    the last one in graph order that was evaluated there.
    """
    by_name = {entry.stage: entry for entry in figures}
    ordered = [by_name[stage.name] for stage in stages if stage.name in by_name and stage.kind in PICTURED_KINDS]
    counts: dict[str, int] = {}
    for entry in ordered:
        for split in {split for _, split in entry.image_scores}:
            counts[split] = counts.get(split, 0) + 1
    splits = [split for entry in ordered for split in entry.splits if split in counts]
    split = wanted_split or max(dict.fromkeys(splits), key=lambda name: counts[name], default="")
    last = [entry.stage for entry in ordered if any(where == split for _, where in entry.image_scores)]
    return (last[-1], split) if last else ("", "")


def choose(scores: Mapping[str, float | None], count: int, seed: int) -> dict[str, list[str]]:
    """Group -> image ids: a third each of the best, worst and random images, no image twice.

    `scores`: image id -> mIoU in 0..1; images without a score can only be chosen at random.
    """
    best_count = -(-count // len(GROUPS))
    worst_count = -(-(count - best_count) // 2)
    known = {name: value for name, value in scores.items() if value is not None}
    scored = sorted(known, key=lambda name: (-known[name], name))
    third_of_few = -(-len(scored) // len(GROUPS))
    best = scored[: min(best_count, third_of_few)]
    worst = [name for name in reversed(scored) if name not in best][: min(worst_count, third_of_few)]
    rest = [name for name in scores if name not in best and name not in worst]
    picked = random.Random(seed).sample(rest, min(count - best_count - worst_count, len(rest)))
    return {"best": best, "worst": worst, "random": picked}


class GalleryMaker:
    """Makes cards; keeps the part files open that it has looked into, and one image in memory."""

    def __init__(self, manifest: Manifest, stages: Sequence[StageFacts], thumbnail_px: int, quality: int) -> None:
        self.manifest = manifest
        self.stages = [stage for stage in stages if stage.kind in PICTURED_KINDS]
        self.thumbnail_px = thumbnail_px
        self.quality = quality
        self._records = {record.image_id: record for record in manifest.records}
        self._readers = {stage.name: _readers(stage.folder) for stage in self.stages}
        self._voc = voc_palette(max(len(manifest.classes), IGNORE + 1))
        self._voc[IGNORE] = IGNORE_RGB
        self._safe = safe_palette(len(manifest.classes))

    def card(self, image_id: str, miou: float | None) -> Card:
        """The image, what each stage made of it, and the truth, as thumbnails."""
        record = self._records[image_id]
        photo = read_image(record.file)
        small = shrink(photo, self.thumbnail_px)
        shown: set[int] = set()
        pictures = [Picture("image", jpeg_uri(small, self.quality), "", f"photograph {image_id}")]
        for stage in self.stages:
            row = self._row(stage, image_id)
            if isinstance(row, CamRow):
                pictures.append(self._scores(stage, row, small))
            elif isinstance(row, LabelRow):
                pictures.append(self._labels(stage.name, row.label_HW, shown))
            elif isinstance(row, SaliencyRow):
                pictures.append(self._saliency(stage.name, row, small))
            elif isinstance(row, InstanceRow):
                pictures.append(self._instances(stage.name, row, small))
        pictures += self._truth(record, small, shown)
        return Card(image_id, miou, self._tags(record), tuple(pictures), frozenset(shown))

    def legend(self, labels: Sequence[int]) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """(name, colour, colour-blind-safe colour) of each label id; colours uint8 RGB (3,)."""
        names = dict(enumerate(self.manifest.classes)) | {UNLABELLED: "unlabelled", IGNORE: "ignore"}
        return [(names.get(label, str(label)), self._voc[label], self._safe[label]) for label in labels]

    def _truth(self, record: ImageRecord, small: np.ndarray, shown: set[int]) -> list[Picture]:
        """The true labels, and beside instances the true ones, where there are any."""
        if record.truth is None:
            return []
        label_HW = read_label_png(record.truth)
        pictures = [self._labels("truth", label_HW, shown)]
        if record.instance_truth is not None and any(stage.kind == INSTANCE_KIND for stage in self.stages):
            truth = read_instance_truth(record.instance_truth, label_HW)
            object_HW = np.where(truth.object_HW == IGNORE, 0, truth.object_HW)
            number_HW = np.minimum(object_HW, LAST_COLOUR).astype(np.uint8)
            names = [self.manifest.classes[label] for label in truth.class_ids]
            pictures.append(self._numbered("true instances", number_HW, small, names))
        return pictures

    def _instances(self, title: str, row: InstanceRow, small: np.ndarray) -> Picture:
        places = trusted(row)
        names = [f"{self.manifest.classes[row.class_ids[place]]} {row.scores[place]:.2f}" for place in places]
        number_HW = np.minimum(instance_numbers(row), LAST_COLOUR).astype(np.uint8)
        return self._numbered(title, number_HW, small, names)

    def _numbered(self, title: str, number_HW: np.ndarray, small: np.ndarray, names: Sequence[str]) -> Picture:
        drawn = instance_overlay(small, shrink_labels(number_HW, self.thumbnail_px))
        return Picture(title, jpeg_uri(drawn, self.quality), "", f"{title}: {', '.join(names) or 'none'}")

    def _tags(self, record: ImageRecord) -> tuple[str, ...]:
        return tuple(self.manifest.classes[tag] for tag in record.tags)

    def _row(self, stage: StageFacts, image_id: str) -> object:
        for reader in self._readers[stage.name]:
            if image_id in reader:
                return FORMATS[stage.kind].decode(reader[image_id])
        return None

    def _scores(self, stage: StageFacts, row: CamRow, small: np.ndarray) -> Picture:
        foreground = row.scores()[row.class_ids != BACKGROUND]
        highest = foreground.max(axis=0) if len(foreground) else np.zeros(row.size_hw, np.float32)
        highest = highest / max(1.0, float(highest.max(initial=0)))  # CAMs without normalisation have any range
        score = shrink((np.clip(highest, 0, 1) * 255).astype(np.uint8), self.thumbnail_px).astype(np.float32) / 255
        names = [self.manifest.classes[label] for label in row.class_ids if label != BACKGROUND]
        alt = f"{stage.name} of {row.image_id}, largest score of {', '.join(names) or 'no class'}"
        return Picture(stage.name, jpeg_uri(overlay(small, score), self.quality), "", alt)

    def _saliency(self, title: str, row: SaliencyRow, small: np.ndarray) -> Picture:
        score = shrink(row.saliency_HW, self.thumbnail_px).astype(np.float32) / 255
        alt = f"{title} of {row.image_id}: what stands out, whatever its class"
        return Picture(title, jpeg_uri(overlay(small, score), self.quality), "", alt)

    def _labels(self, title: str, label_HW: np.ndarray, shown: set[int]) -> Picture:
        small = shrink_labels(label_HW, self.thumbnail_px)
        present = [int(label) for label in np.unique(small)]
        shown.update(present)
        names = ", ".join(name for name, _, _ in self.legend(present))
        return Picture(title, label_uri(small, self._voc), label_uri(small, self._safe), f"{title}: {names}")


def _readers(folder: Path) -> list[PartReader]:
    return [PartReader(path) for path in sorted((folder / "parts").glob("*.arrow"))]
