"""IRNet of an upstream stage at work: boundaries and displacements of one image after the other."""

from collections.abc import Callable

import numpy as np
import torch

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.store import load_network
from wsss_core.data.images import read_image
from wsss_core.networks.irnet import IRNet, canvas_of, edge_and_displacement
from wsss_core.networks.precision import inference
from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.stages.context import StageContext

BoundaryNetwork = Callable[[ImageRecord], tuple[np.ndarray, np.ndarray]]
"""An image to its boundary scores (h, w) in 0..1 and displacements (2, h, w) in cells, float32, h = ceil(H/4)."""


def boundary_network(context: StageContext, settings: WalkWithinBoundaries) -> BoundaryNetwork:
    """The network of input `affinity`, loaded once. Raises TypeError when it is another than IRNet."""
    network, card = load_network(context.inputs["affinity"], context.device)
    if not isinstance(network, IRNet):
        raise TypeError(f"expected an IRNet in {context.inputs['affinity']}, found {type(network).__name__}")

    def run(record: ImageRecord) -> tuple[np.ndarray, np.ndarray]:
        image_3HW = torch.from_numpy(card.normalisation(read_image(record.file))).to(context.device)
        canvas_hw = canvas_of((image_3HW.shape[1], image_3HW.shape[2]), settings.canvas)
        with inference(settings.precision, context.device):
            edge_hw, displacement_2hw = edge_and_displacement(network, image_3HW, canvas_hw)
        return edge_hw.float().cpu().numpy(), displacement_2hw.float().cpu().numpy()

    return run
