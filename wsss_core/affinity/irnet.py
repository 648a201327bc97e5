"""Training of IRNet: where class boundaries run and where instances have their centre (IRN, Ahn et al., CVPR 2019)."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.affinity.irnet_losses import irnet_loss
from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.paths import path_affinity, path_offsets
from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.data.augment import resize_labels
from wsss_core.data.crops import top_left_crop
from wsss_core.data.images import read_image
from wsss_core.networks.factory import build_affinity_net
from wsss_core.networks.irnet import STRIDE, IRNet
from wsss_core.networks.normalisation import Normalisation
from wsss_core.networks.precision import as_input, inference
from wsss_core.settings.affinity import IRNetSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.initial_weights import start_backbone, start_of
from wsss_core.training.label_source import RowSource
from wsss_core.training.labelled_crop import check_labels, label_tensor, labelled_crop
from wsss_core.training.loop import fit
from wsss_core.training.task import Batch, Sample, Task
from wsss_core.training.trained_on import trained_on

logger = logging.getLogger(__name__)

ARCHITECTURE = "irnet"


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits, with the labels of the input `affinity_labels`, and publish.

    Raises `ValueError` when an image has no labels, there is none, or the backbone has no start; `TypeError` on labels
    of another method; and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(IRNetSettings)
    torch.manual_seed(context.seed)
    fit(IRNetTask(settings, context), settings, context)


class IRNetTask(Task):
    """Network, samples and loss of IRNet. The backbone stays in evaluation mode and does not learn."""

    network: IRNet

    def __init__(self, settings: IRNetSettings, context: StageContext) -> None:
        self.settings, self.context = settings, context
        self.network = build_irnet(settings.network)
        start_backbone(self.network, self._start(), freeze=True)
        manifest = context.manifest
        records = manifest.select(context.splits)
        labels = RowSource(context.inputs["affinity_labels"], "affinity_labels", IrLabelRow)
        labels.require([record.image_id for record in records])
        self.samples = IRNetSamples(records, labels, len(manifest.classes), settings, self.network.normalisation)
        self.averaged = records if settings.mean_split is None else manifest.select([settings.mean_split])
        if not self.averaged:
            raise ValueError(
                f"stage {context.stage!r}: `mean_split` {settings.mean_split!r} has no image; name another split"
            )

    def _start(self) -> Path:
        start = start_of(self.settings.weights, self.context)
        if start is None:
            raise ValueError(
                f"stage {self.context.stage!r}: IRNet's backbone does not learn, so it needs trained weights; expected "
                "the setting `weights` or the input `classifier`, found neither"
            )
        return start

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Half of the affinities' loss and half of the displacements', and their parts."""
        radius = self.settings.radius
        logits_B1hw, displacement_B2hw = self.network(batch["image"])
        # Whatever the network's arithmetic, logarithms and differences are taken in float32.
        affinity_BPn = path_affinity(torch.sigmoid(logits_B1hw[:, 0].float()), radius)
        targets = pair_targets(batch["label"], radius, path_offsets(radius))
        loss = irnet_loss(affinity_BPn, displacement_B2hw.float(), targets, radius)
        parts = {name: float(value.detach()) for name, value in vars(loss).items() if name != "total"}
        return loss.total, {f"loss_{name}": value for name, value in parts.items()}

    def publish(self, folder: Path) -> None:
        """Measure the mean displacement, then save the network with it and with its input rule."""
        mean_2 = self.mean_displacement()
        self.network.mean_shift.running_mean.copy_(mean_2)
        logger.info("mean displacement over %d images: dy %.4f, dx %.4f cells", len(self.averaged), *mean_2.tolist())
        card = NetworkCard(
            role="affinity",
            backbone=self.settings.network,
            classes=(),
            normalisation=self.network.normalisation,
            architecture=ARCHITECTURE,
            trained_on=trained_on(self.context, len(self.samples)),
        )
        save_network(folder, card, self.network.state_dict())

    def mean_displacement(self) -> torch.Tensor:
        """Mean (dy, dx) in cells over the images of `mean_split`, float32 (2,).

        As published over crops at the top left, zeros (the mean colour) included, as the mean of the means of full
        batches: an incomplete last batch is left out unless it is the only one.
        """
        self.network.eval()
        self.network.mean_shift.running_mean.zero_()
        size = min(self.settings.batch, len(self.averaged))
        means = []
        for start in range(0, len(self.averaged) - size + 1, size):
            crops = torch.stack([self._corner(record) for record in self.averaged[start : start + size]])
            with inference(self.settings.precision, self.context.device):
                _, displacement_B2hw = self.network(as_input(crops, self.context.device))
                means.append(displacement_B2hw.float().mean(dim=(0, 2, 3)).cpu())
        return torch.stack(means).mean(dim=0)

    def _corner(self, record: ImageRecord) -> torch.Tensor:
        image_HW3 = self.network.normalisation(read_image(record.file)).transpose(1, 2, 0)
        return torch.from_numpy(top_left_crop(image_HW3, self.settings.crop)).permute(2, 0, 1)


class IRNetSamples:
    """Augmented crops with labels on the grid of the outputs."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        labels: RowSource[IrLabelRow],
        class_count: int,
        settings: IRNetSettings,
        normalise: Normalisation,
    ) -> None:
        self.records, self.labels, self.class_count = records, labels, class_count
        self.settings, self.normalise = settings, normalise

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int, generator: np.random.Generator) -> Sample:
        """`image` float32 (3, crop, crop), 0 outside of the image; `label` (h, w), h = w = ceil(crop / 4)."""
        record, settings = self.records[index], self.settings
        image_HW3 = read_image(record.file)
        label_HW = self.labels[record.image_id].label_HW
        check_labels(label_HW, image_HW3, self.class_count, record.image_id)
        crop = labelled_crop(image_HW3, label_HW, settings.rescale, settings.crop, settings.mirror, generator)
        cells = -(-settings.crop // STRIDE)
        label_hw = resize_labels(crop.label_HW, cells, cells)
        label = label_tensor(label_hw, self.class_count)
        return {"image": torch.from_numpy(crop.normalised(self.normalise)), "label": label}


def build_irnet(backbone: str) -> IRNet:
    """An IRNet on the named backbone, random weights."""
    network = build_affinity_net(backbone, ARCHITECTURE)
    if not isinstance(network, IRNet):
        raise TypeError(f"expected the architecture {ARCHITECTURE!r} to be an IRNet, found {type(network).__name__}")
    return network
