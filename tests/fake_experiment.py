"""A small, made-up but complete results folder: blobs of colour as objects, stages that get better along the chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks
from wsss_core.evaluation.pooled import evaluate
from wsss_core.exchange.coco_rle import encode_mask
from wsss_core.settings.base import Settings
from wsss_core.settings.evaluation import PooledSettings
from wsss_core.settings.report import HtmlReportSettings
from wsss_core.stages.context import StageContext

EXPERIMENT = "blobs"
CLASSES = ("background", "cat", "cow", "dog", "horse", "person", "sheep")
COLOURS = ((0, 0, 0), (200, 120, 40), (240, 240, 230), (120, 80, 60), (90, 60, 30), (220, 170, 140), (230, 230, 200))
EVALUATED = ("regions", "cams", "refined_cams", "instances", "seeds", "predictions")
INPUTS: Mapping[str, Mapping[str, str]] = {
    "data": {},
    "regions": {"data": "data"},
    "classifier": {"data": "data"},
    "cams": {"data": "data", "classifier": "classifier"},
    "affinity_labels": {"data": "data", "cams": "cams"},
    "affinity": {"data": "data", "affinity_labels": "affinity_labels"},
    "refined_cams": {"data": "data", "cams": "cams", "affinity": "affinity"},
    "instances": {"data": "data", "cams": "cams", "affinity": "affinity"},
    "seeds": {"data": "data", "cams": "refined_cams", "regions": "regions"},
    "segmenter": {"data": "data", "seeds": "seeds"},
    "predictions": {"data": "data", "segmenter": "segmenter"},
}
METHODS = {
    "data": "voc",
    "regions": "mobile_sam",
    "classifier": "psa",
    "cams": "multiscale",
    "affinity_labels": "crf_pair",
    "affinity": "affinitynet",
    "refined_cams": "random_walk",
    "instances": "boundary_walk",
    "seeds": "region_vote",
    "segmenter": "deeplab_v3plus",
    "predictions": "multiscale",
}
TRAININGS = ("classifier", "affinity", "segmenter")
GRID = 24


@dataclass(frozen=True)
class Scene:
    """One image with its truth (H, W) uint8 and object numbers uint8; a ring of 255 lies around each object."""

    image: np.ndarray
    truth_HW: np.ndarray
    object_HW: np.ndarray


def make_scene(generator: np.random.Generator, size_hw: tuple[int, int]) -> Scene:
    height, width = size_hw
    texture = cv2.resize(
        generator.integers(60, 190, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    truth, objects = np.zeros(size_hw, np.uint8), np.zeros(size_hw, np.uint8)
    for number in range(1, int(generator.integers(2, 4))):
        label = int(generator.integers(1, len(CLASSES)))
        centre = (
            int(generator.integers(width // 4, 3 * width // 4)),
            int(generator.integers(height // 4, 3 * height // 4)),
        )
        axes = (int(generator.integers(width // 8, width // 3)), int(generator.integers(height // 8, height // 3)))
        angle = float(generator.integers(0, 180))
        cv2.ellipse(truth, centre, axes, angle, 0, 360, label, -1)
        cv2.ellipse(texture, centre, axes, angle, 0, 360, COLOURS[label], -1)
        cv2.ellipse(truth, centre, axes, angle, 0, 360, 255, 2)
        cv2.ellipse(objects, centre, axes, angle, 0, 360, number, -1)
        cv2.ellipse(objects, centre, axes, angle, 0, 360, 255, 2)
    noise = generator.normal(0, 14, texture.shape)
    return Scene(np.clip(texture + noise, 0, 255).astype(np.uint8), truth, objects)


def blurred_cams(image_id: str, truth_HW: np.ndarray, generator: np.random.Generator, noise: float) -> CamRow:
    """CAMs as a network would give them: the truth on a coarse grid, blurred, with noise."""
    labels = np.setdiff1d(np.unique(truth_HW), [0, 255]).astype(np.int32)
    height, width = truth_HW.shape
    size = (max(1, width // GRID), max(1, height // GRID))
    maps = []
    for label in labels:
        grid = cv2.resize((truth_HW == label).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        maps.append(np.clip(grid + generator.normal(0, noise, grid.shape), 0, 1).astype(np.float32))
    stacked = np.stack(maps) if maps else np.zeros((0, size[1], size[0]), np.float32)
    return CamRow(image_id, (height, width), labels, (stacked,), (height, width), True)


def damaged_labels(
    image_id: str, truth_HW: np.ndarray, generator: np.random.Generator, shift: int, ignore: bool
) -> LabelRow:
    """The truth shifted by some pixels, its seam closed, and perhaps a corner of 255."""
    closed = np.where(truth_HW == 255, 0, truth_HW).astype(np.uint8)
    rolled = np.roll(closed, (int(generator.integers(-shift, shift + 1)), shift), axis=(0, 1))
    if ignore:
        rolled[: truth_HW.shape[0] // 8, : truth_HW.shape[1] // 4] = 255
    return LabelRow(image_id, rolled)


def true_regions(image_id: str, truth_HW: np.ndarray) -> RegionRow:
    """A region per true label."""
    masks = [truth_HW == label for label in np.unique(truth_HW)]
    count = len(masks)
    ones = np.ones(count, np.float32)
    return RegionRow(
        image_id,
        truth_HW.shape,
        tuple(str(encode_mask(mask)["counts"]).encode() for mask in masks),
        np.array([mask.sum() for mask in masks], np.int32),
        np.zeros(count, np.int32),
        ones,
        ones,
    )


def shifted_instances(image_id: str, scene: Scene, shift: int) -> InstanceRow:
    """The true instances moved right by some pixels, and a crumb of score 0."""
    numbers = np.setdiff1d(np.unique(scene.object_HW), [0, 255])
    crumb_HW = np.zeros(scene.object_HW.shape, bool)
    crumb_HW[:2, :2] = True
    masks = [np.roll(scene.object_HW == number, shift, axis=1) for number in numbers]
    classes = [int(np.median(scene.truth_HW[scene.object_HW == number])) for number in numbers]
    scores = [0.95 - 0.2 * place for place in range(len(numbers))]
    return InstanceRow(
        image_id,
        scene.truth_HW.shape,
        np.array([*classes, 1], np.int32),
        np.array([*scores, 0], np.float32),
        encode_masks(np.stack([*masks, crumb_HW])),
    )


class FakeExperiment:
    """Makes the folder on construction; `context` gives the contexts of its evaluation and report."""

    def __init__(
        self, root: Path, train: int = 6, val: int = 4, size_hw: tuple[int, int] = (48, 64), seed: int = 0
    ) -> None:
        self.root = root
        self.results = root / "results"
        self.generator = np.random.default_rng(seed)
        self.scenes = {f"2007_{index:06d}": make_scene(self.generator, size_hw) for index in range(train + val)}
        self.ids = list(self.scenes)
        self.splits = {name: ("train",) if index < train else ("val",) for index, name in enumerate(self.ids)}
        self.write_data()
        for stage in INPUTS:
            self.write_stage(stage)

    def folder(self, stage: str) -> Path:
        return self.results / EXPERIMENT / stage

    def write_data(self) -> None:
        photos, truths, objects = self.root / "photos", self.root / "truth", self.root / "objects"
        for folder in (photos, truths, objects):
            folder.mkdir(parents=True)
        records = []
        for image_id, scene in self.scenes.items():
            photo, truth = photos / f"{image_id}.jpg", truths / f"{image_id}.png"
            cv2.imwrite(str(photo), scene.image[..., ::-1])
            cv2.imwrite(str(truth), scene.truth_HW)
            numbers = objects / f"{image_id}.png"
            cv2.imwrite(str(numbers), scene.object_HW)
            tags = tuple(int(label) for label in np.setdiff1d(np.unique(scene.truth_HW), [0, 255]))
            size = scene.truth_HW.shape
            records.append(
                ImageRecord(
                    image_id,
                    str(photo),
                    *size,  # type: ignore[misc]
                    self.splits[image_id],
                    0,
                    tags,
                    truth=str(truth),
                    instance_truth=str(numbers),
                )
            )
        records.append(
            ImageRecord("broken <b>", "photos/broken.jpg", 0, 0, ("train",), 0, skipped="an empty file of zero bytes")
        )
        manifest = Manifest(
            CLASSES, tuple(records), "classes with a pixel in the mask", "blobs of colour", ("A remark.",)
        )
        manifest.write(self.folder("data") / "manifest.arrow")

    def write_stage(self, stage: str) -> None:
        folder = self.folder(stage)
        folder.mkdir(parents=True, exist_ok=True)
        if stage in EVALUATED:
            self.write_rows(stage, [self.row(stage, image_id) for image_id in self.ids])
        if stage in TRAININGS:
            self.write_training(folder)
        record = {
            "experiment": EXPERIMENT,
            "stage": stage,
            "kind": stage,
            "method": METHODS[stage],
            "settings": {"example": 1, "text": "a < b & c"},
            "inputs": {slot: f"{EXPERIMENT}/{source}" for slot, source in INPUTS[stage].items()},
            "splits": ["train"] if stage in TRAININGS else ["train", "val"],
            "seed": 0,
            "code": "0123456789abcdef0123",
            "versions": {"python": "3.11.2", "torch": "2.13.0"},
            "parts": 1,
            "images": len(self.ids),
            "wall_s": 12.5 + 40 * len(stage),
            "images_per_s": 0.8,
            "peak_memory_mb": 1234.5,
            "device": "cpu",
        }
        (folder / "stage.json").write_text(json.dumps(record))

    def row(self, stage: str, image_id: str) -> Row:
        truth = self.scenes[image_id].truth_HW
        if stage == "regions":
            return true_regions(image_id, truth)
        if stage in ("cams", "refined_cams"):
            return blurred_cams(image_id, truth, self.generator, 0.35 if stage == "cams" else 0.2)
        step = max(1, truth.shape[1] // 24)
        if stage == "instances":
            return shifted_instances(image_id, self.scenes[image_id], step)
        return damaged_labels(image_id, truth, self.generator, step if stage == "seeds" else 2 * step, stage == "seeds")

    def write_rows(self, stage: str, rows: Sequence[Row]) -> None:
        row_format = FORMATS[stage]
        with PartWriter(self.folder(stage) / "parts" / "00000.arrow", row_format.schema) as writer:
            for row in rows:
                writer.append(row_format.encode(row))

    def write_training(self, folder: Path) -> None:
        rows: list[dict[str, object]] = []
        for step in range(1, 41):
            loss = float(0.7 * np.exp(-step / 12) + 0.02 * self.generator.random())
            rows.append(
                {"kind": "step", "epoch": step / 10, "step": step, "time_s": 2.0 * step, "loss": loss, "lr": 0.1}
            )
            if step % 10 == 0:
                score = 0.5 + step / 100
                rows.append(
                    {
                        "kind": "epoch",
                        "epoch": step / 10,
                        "step": step,
                        "loss": loss,
                        "val_loss": 1.2 * loss,
                        "val_map": score,
                    }
                )
        (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "model.json").write_text('{"network": "tiny"}')

    def context(self, kind: str, settings: Settings, inputs: Mapping[str, str]) -> StageContext:
        return StageContext(
            experiment=EXPERIMENT,
            stage=kind,
            kind=kind,
            method="pooled" if kind == "evaluation" else "html",
            settings=settings,
            inputs={slot: self.folder(stage) for slot, stage in inputs.items()},
            folder=self.folder(kind),
            splits=("train", "val"),
            input_kinds=dict(inputs),
        )

    def evaluate(self, stage: str, settings: PooledSettings | None = None) -> dict[str, object]:
        """Evaluate one stage; the JSON document."""
        context = self.context("evaluation", settings or PooledSettings(), {"of": stage, "data": "data"})
        evaluate(context, stage)
        document: dict[str, object] = json.loads((self.folder("evaluation") / f"{stage}.json").read_text())
        return document

    def report_context(self, settings: HtmlReportSettings | None = None) -> StageContext:
        stages = {stage: stage for stage in (*INPUTS, "evaluation")}
        return self.context("report", settings or HtmlReportSettings(), stages)
