"""Training of AffinityNet: which neighbouring cells belong to one object (PSA, Ahn & Kwak, CVPR 2018)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.affinity.label_fusion import STRIDE, block_mean, fuse_labels
from wsss_core.affinity.losses import affinity_loss
from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.pairs import pair_affinity
from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.data.augment import random_mirror
from wsss_core.data.crops import random_crop
from wsss_core.data.images import read_image
from wsss_core.networks.factory import build_affinity_net
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.affinity import AffinityNetSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.colour import jittered
from wsss_core.training.initial_weights import start_backbone, start_of
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.task import Batch, Sample, Task
from wsss_core.training.trained_on import trained_on

BLACK = 0
NO_SCORE = 0.0


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits, with the labels of the input `affinity_labels`, and publish.

    Raises `ValueError` when an image has no labels or there is none, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(AffinityNetSettings)
    torch.manual_seed(context.seed)
    fit(AffinityNetTask(settings, context), settings, context)


class AffinityNetTask(Task):
    """Network, samples and loss of AffinityNet."""

    def __init__(self, settings: AffinityNetSettings, context: StageContext) -> None:
        self.settings, self.context = settings, context
        self.network = build_affinity_net(settings.network)
        if self.network.stride != STRIDE:
            raise ValueError(
                f"AffinityNet needs a backbone of stride {STRIDE}, {settings.network!r} has {self.network.stride}"
            )
        start_backbone(self.network, start_of(settings.weights, context), settings.freeze)
        if not settings.train_backbone:
            self.network.backbone.requires_grad_(False)
        records = context.manifest.select(context.splits)
        labels = RowSource(context.inputs["affinity_labels"], "affinity_labels", AffinityLabelRow)
        labels.require([record.image_id for record in records])
        self.samples = AffinitySamples(records, labels, settings, self.network.normalisation)

    def start_training_mode(self) -> None:
        """Training mode; a backbone that does not learn stays in evaluation mode, without dropout."""
        self.network.train()
        if not self.settings.train_backbone:
            self.network.backbone.eval()

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """The weighted loss of background, foreground and negative pairs, and its three means."""
        # Differences of features are small: they are taken in float32 whatever the network's arithmetic.
        affinity_BPn = pair_affinity(self.network(batch["image"]).float(), self.settings.radius)
        losses = affinity_loss(affinity_BPn, batch["background"], batch["foreground"], batch["negative"])
        means = {name: float(getattr(losses, name).detach()) for name in ("background", "foreground", "negative")}
        return losses.total, {f"loss_{name}": value for name, value in means.items()}

    def publish(self, folder: Path) -> None:
        """Save the network with its input rule."""
        card = NetworkCard(
            role="affinity",
            backbone=self.settings.network,
            classes=(),
            normalisation=self.network.normalisation,
            trained_on=trained_on(self.context, len(self.samples)),
        )
        save_network(folder, card, self.network.state_dict())


class AffinitySamples:
    """Augmented crops with their pair targets."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        labels: RowSource[AffinityLabelRow],
        settings: AffinityNetSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.labels, self.settings, self.normalise = records, labels, settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop); `background`, `foreground`, `negative` bool (P, n)."""
        record = self.records[index]
        image_HW3, scores_HWK = joint_crop(
            read_image(record.file), stacked_scores(self.labels[record.image_id], record), self.settings, generator
        )
        low_Khw, high_Khw = np.split(block_mean(scores_HWK.transpose(2, 0, 1)), 2)
        targets = pair_targets(fuse_labels(low_Khw, high_Khw), self.settings.radius)
        named = {name: torch.from_numpy(value) for name, value in targets._asdict().items()}
        return {"image": torch.from_numpy(self.normalise(image_HW3)), **named}


def stacked_scores(row: AffinityLabelRow, record: ImageRecord) -> np.ndarray:
    """Both score stacks of an image side by side, (H, W, 2K): low alpha first."""
    expected = (len(row.class_ids), record.height, record.width)
    if row.low_KHW.shape != expected or row.high_KHW.shape != expected:
        raise ValueError(
            f"image {record.image_id!r}: expected affinity labels {expected} (K, H, W), found {row.low_KHW.shape} and "
            f"{row.high_KHW.shape}; run the stage of the affinity labels again"
        )
    return np.concatenate([row.low_KHW, row.high_KHW]).transpose(1, 2, 0)


def joint_crop(
    image_HW3: np.ndarray, scores_HWK: np.ndarray, settings: AffinityNetSettings, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The published augmentation up to normalisation, of image uint8 RGB (H, W, 3) and scores (H, W, K) together.

    Jitter of the image; random crop on a black canvas (black, unlike the classifier's mean colour; scores 0); mirror.
    The original normalises before it mirrors, which is the same. There is no rescaling.
    """
    image_HW3 = jittered(image_HW3, settings, generator)
    arrays = random_crop([image_HW3, scores_HWK], settings.crop, generator, [BLACK, NO_SCORE])
    if settings.mirror:
        arrays = random_mirror(arrays, generator)
    return arrays[0], arrays[1]
