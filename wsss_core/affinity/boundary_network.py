"""IRNet of an upstream stage at work: boundaries and displacements of one image after the other."""

import numpy as np
import torch

from wsss_core.artifacts.cams import canvas_at
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.scales import bounded_image, bounded_size
from wsss_core.checkpoints.store import load_network
from wsss_core.data.images import read_image
from wsss_core.networks.irnet import STRIDE, IRNet, canvas_of, edge_and_displacement, edge_map
from wsss_core.networks.precision import inference
from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.stages.context import StageContext


class BoundaryNetwork:
    """The network of input `affinity`, loaded once. Raises TypeError when it is another than IRNet.

    Outputs are float32 on the grid (ceil(H/4), ceil(W/4)) of the image, or of a copy with at most `max_pixels`.
    """

    def __init__(self, context: StageContext, settings: WalkWithinBoundaries) -> None:
        network, card = load_network(context.inputs["affinity"], context.device)
        if not isinstance(network, IRNet):
            raise TypeError(f"expected an IRNet in {context.inputs['affinity']}, found {type(network).__name__}")
        self._network, self._normalise = network, card.normalisation
        self._device, self._settings = context.device, settings

    def edge(self, record: ImageRecord) -> np.ndarray:
        """Boundary scores (h, w) in 0..1."""
        image_3HW, canvas_hw = self._input(record)
        with inference(self._settings.precision, self._device):
            return _array(edge_map(self._network, image_3HW, canvas_hw))

    def edge_and_displacement(self, record: ImageRecord) -> tuple[np.ndarray, np.ndarray]:
        """Boundary scores (h, w) in 0..1, and displacements (2, h, w) in cells, dy before dx."""
        image_3HW, canvas_hw = self._input(record)
        with inference(self._settings.precision, self._device):
            edge_hw, displacement_2hw = edge_and_displacement(self._network, image_3HW, canvas_hw)
        return _array(edge_hw), _array(displacement_2hw)

    def _input(self, record: ImageRecord) -> tuple[torch.Tensor, tuple[int, int]]:
        image_HW3 = bounded_image(read_image(record.file), self._settings.max_pixels)
        canvas_hw = canvas_of((image_HW3.shape[0], image_HW3.shape[1]), self._settings.canvas)
        return torch.from_numpy(self._normalise(image_HW3)).to(self._device), canvas_hw


def walked_canvas(
    size_hw: tuple[int, int], grid_hw: tuple[int, int], settings: WalkWithinBoundaries
) -> tuple[int, int]:
    """Height and width, in pixels of the image of `size_hw`, that the cells of the network's grid span."""
    copy_hw = bounded_size(size_hw, settings.max_pixels)
    return canvas_at(size_hw, copy_hw, (grid_hw[0] * STRIDE, grid_hw[1] * STRIDE))


def _array(values: torch.Tensor) -> np.ndarray:
    return values.float().cpu().numpy()
