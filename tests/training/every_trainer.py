"""Every trainer on the images of `tiny_data`; as a script for torchrun: `every_trainer.py STAGES FOLDER`.

Without dropout and with gates that draw nothing, as draws are each process's own; and without the segments and
statistics of other processes, which pieces that one process takes after each other do not see.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from tiny_clip import write_clip
from training.spml_stages import train_embedding, write_rows
from training.stage_rows import write_affinity_labels, write_ir_labels, write_seeds
from training.tiny_data import CLASSES, tiny_context, write_tiny_data

from wsss_core import registry
from wsss_core.artifacts import saliency
from wsss_core.artifacts.manifest import Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.data.labels import read_label_png
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.base import Settings
from wsss_core.training import processes

BATCH = {"batch": 4, "steps": 2, "log_every_steps": 1}
SMALL = {**BATCH, "network": "small"}
TAGS = {**BATCH, "longer_side": [32, 64], "crop": 48, "validation_split": None}
CROP = {**SMALL, "crop": 40, "validation_split": None}
DEEPLAB = {**CROP, "rescale": [0.75, 1.25], "learning_rate": 0.02}
SEEDS = {"seeds": "seeds"}

TRAINERS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "classifier psa": ({**TAGS, "network": "small"}, {}),
    "classifier irn": ({**TAGS, "network": "resnet18"}, {}),
    "classifier eps": ({**TAGS, "network": "small"}, {"saliency": "saliency"}),
    "classifier prompts": (
        {**BATCH, "longer_side": [48, 64], "crop": 48, "context_words": 4, "start_std": 0.5, "warmup_steps": 0},
        {},
    ),
    "affinity affinitynet": ({**SMALL, "crop": 72, "learning_rate": 0.02}, {"affinity_labels": "pair_labels"}),
    "affinity irnet": (
        {**SMALL, "crop": 48, "radius": 4, "learning_rate": 0.01},
        {"affinity_labels": "ir_labels", "classifier": "classifier"},
    ),
    "segmenter deeplab_v1": (DEEPLAB, SEEDS),
    "segmenter deeplab_v2": (DEEPLAB, SEEDS),
    "segmenter deeplab_v3plus": (DEEPLAB, SEEDS),
    "segmenter mask2former": (
        {**BATCH, "network": "swin_mini", "crop": 32, "short_side": 32, "long_side": 128, "points": 64}
        | {"validation_split": None, "rescale": [1, 1]},
        SEEDS,
    ),
    "segmenter pixel_to_segment": (
        {**SMALL, "crop": 40, "clusters": [3, 3], "warmup_steps": 0, "memory_steps": 0, "learning_rate": 0.02},
        {"seeds": "points/seeds", "regions": "points/regions"},
    ),
    "segmenter pixel_classifier": (
        {**BATCH, "crop": 40, "learning_rate": 0.02},
        {"seeds": "points/seeds", "segmenter": "points/segmenter"},
    ),
    "segmenter ws_fcn": ({**CROP, "classification_epochs": 0}, {}),
    "segmenter one_stage": ({**CROP, "classification_epochs": 0}, {}),
    "segmenter one_stage_cam": (CROP, {}),
}
"""Kind and method -> settings, and the stages of `write_stages` that it learns from."""


def write_stages(folder: Path, classes: tuple[str, ...] = CLASSES, labels: tuple[int, int] = (1, 2)) -> None:
    """What the trainings learn from: data, labels, saliency, a classifier, CLIP, an embedding."""
    manifest = write_tiny_data(folder / "data", classes, labels)
    write_tiny_data(folder / "points" / "data", classes, labels)
    write_seeds(folder / "seeds", manifest)
    write_affinity_labels(folder / "pair_labels", manifest)
    write_ir_labels(folder / "ir_labels", manifest)
    write_saliency(folder / "saliency", manifest)
    write_rows(folder / "points", manifest)
    write_clip(folder / "clip.pt")
    torch.manual_seed(7)
    card = NetworkCard("classifier", "small", manifest.classes[1:], IMAGENET_RGB)
    save_network(folder / "classifier", card, card.build().state_dict())
    train_embedding(folder / "points", manifest, steps=1)


def write_saliency(folder: Path, manifest: Manifest) -> None:
    """The squares of the images as saliency."""
    with PartWriter(folder / "parts" / "00000.arrow", saliency.SCHEMA) as writer:
        for record in manifest.records:
            map_HW = np.where(read_label_png(str(record.truth)) > 0, np.uint8(255), np.uint8(0))
            writer.append(saliency.encode(SaliencyRow(record.image_id, map_HW)))


def train(name: str, stages: Path, folder: Path, **changes: object) -> None:
    """One trainer, in `folder`."""
    kind, method = name.split()
    entry = registry.METHODS[kind][method]
    values, inputs = TRAINERS[name]
    own = {"clip_weights": str(stages / "clip.pt")} if method == "prompts" else {}
    model = registry.load(entry.settings)
    assert isinstance(model, type)
    assert issubclass(model, Settings)
    settings = model.parse({**values, **own, **changes}, name)
    slots = {slot: stages / stage for slot, stage in inputs.items()}
    context = replace(tiny_context(folder, kind, settings, **slots), method=method)
    context = replace(context, inputs={**context.inputs, "data": stages / "data"})
    alone = patch("wsss_core.segmenters.pixel_to_segment.shared_segments", lambda own: ([], own))
    apart = patch("wsss_core.segmenters.pixel_to_segment.share_norms", lambda network, clamped: None)
    with without_draws(), alone, apart:
        importlib.import_module(entry.module).train(context)


@contextmanager
def without_draws() -> Iterator[None]:
    """Within the block dropout keeps everything, and a stochastic gate always opens the same way."""

    def keep(x: torch.Tensor, *arguments: object, **options: object) -> torch.Tensor:
        return x

    def half(x: torch.Tensor, **options: torch.dtype) -> torch.Tensor:
        return torch.full_like(x, 0.5, **options)  # type: ignore[arg-type]

    dropouts = [patch(f"torch.nn.functional.{name}", keep) for name in ("dropout", "dropout2d")]
    with dropouts[0], dropouts[1], patch("torch.rand_like", half):
        yield


def main(stages: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    processes.join("cpu")
    try:
        for name in TRAINERS:
            train(name, stages, folder / name)
    finally:
        processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
