"""Refines class activation maps by a random walk that stops at learned boundaries (IRN, Ahn et al., CVPR 2019, 3.4)."""

from collections.abc import Mapping

import numpy as np

from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.boundary_network import BoundaryNetwork, walked_canvas
from wsss_core.artifacts.cams import CamRow, enlarge
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background
from wsss_core.settings.refined_cams import BoundaryWalkSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def share_of_peak(grid_Khw: np.ndarray, size_hw: tuple[int, int], canvas_hw: tuple[int, int]) -> np.ndarray:
    """Scores (K, h, w) divided by the largest value that any class has at image size (H, W).

    That is the maximum of all maps, each enlarged to `canvas_hw` (bilinear, half-pixel centres) and cropped. Where
    nothing is above 0, or there is no map, the scores are returned as they are.
    """
    peaks = (enlarge(grid_hw, canvas_hw)[: size_hw[0], : size_hw[1]].max() for grid_hw in grid_Khw)
    peak = max(peaks, default=np.float32(0))
    return grid_Khw / peak if peak > 0 else grid_Khw


def refined_row(row: CamRow, edge_hw: np.ndarray, settings: BoundaryWalkSettings) -> CamRow:
    """The walked scores of the foreground classes, one map at stride 4 each, as shares of the largest in the image.

    `edge_hw`: boundary scores in [0, 1] on the grid (ceil(H/4), ceil(W/4)) of the image, or of its copy with at most
    `max_pixels`. A background channel of the scores is left
    out: whoever reads the row compares the shares with a threshold. Any image size; without classes there is no map.
    """
    first = 1 if has_own_background(row.class_ids) else 0
    scores_Chw = row.scores_on((edge_hw.shape[0], edge_hw.shape[1]))[first:]
    walked_Chw = walk_within_boundaries(scores_Chw, edge_hw, settings.beta, 2**settings.log2_steps, settings.radius)
    canvas_hw = walked_canvas(row.size_hw, (edge_hw.shape[0], edge_hw.shape[1]), settings)
    maps = (share_of_peak(walked_Chw, row.size_hw, canvas_hw),)
    return CamRow(row.image_id, row.size_hw, row.class_ids[first:], maps, canvas_hw, normalise=False)


def processor(context: StageContext) -> Processor:
    """Makes the refined `CamRow` of one image, without a background channel."""
    settings = context.typed_settings(BoundaryWalkSettings)
    network = BoundaryNetwork(context, settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        return refined_row(typed_row(rows, "cams", CamRow), network.edge(record), settings)

    return process
