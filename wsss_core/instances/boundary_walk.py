"""Instance pseudo labels by displacements and the random walk within boundaries (IRN, Ahn et al., CVPR 2019, 3.5).

The displacement field cuts the grid into instances, they cut the CAM of each tagged class into parts, and every part
walks within the boundaries by itself. A pixel belongs to the part with the highest score, if that is above a share of
the image's largest one. Each connected piece of what a part holds is an instance of its class.
"""

from collections.abc import Mapping

import numpy as np

from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.boundary_network import BoundaryNetwork, walked_canvas
from wsss_core.artifacts.cams import CamRow, enlarge
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.rle import encode_masks
from wsss_core.cams.foreground import has_own_background
from wsss_core.instances.centroids import instance_map, refine_centroids
from wsss_core.instances.pieces import connected_pieces
from wsss_core.settings.instances import BoundaryInstancesSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def cam_parts(cam_Khw: np.ndarray, instance_Ihw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The CAM of every class within every instance, float32 (P, h, w), and the place (P,) of its class; class by class.

    Parts without any score are left out: they would walk from zero to zero.
    """
    parts_Phw = (cam_Khw[:, None] * instance_Ihw).reshape(-1, *cam_Khw.shape[1:])
    kept = np.flatnonzero(parts_Phw.any(axis=(1, 2)))
    return parts_Phw[kept], kept // max(1, len(instance_Ihw))


def strongest_part(
    scores_Phw: np.ndarray, size_hw: tuple[int, int], canvas_hw: tuple[int, int], threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """At each pixel the number of the part with the highest score, int32 (H, W), and that score, float32 in 0..1.

    Scores are enlarged to `canvas_hw` (bilinear), cropped to the image and divided by the largest of all. The number is
    p+1 for part p, the smallest of equals, and 0 where no score is above `threshold`.
    """
    height, width = size_hw
    owner_HW, best_HW = np.zeros(size_hw, np.int32), np.zeros(size_hw, np.float32)
    for number, grid_hw in enumerate(scores_Phw, start=1):  # one at a time: there may be hundreds
        score_HW = enlarge(grid_hw, canvas_hw)[:height, :width]
        higher = score_HW > best_HW
        owner_HW[higher], best_HW[higher] = number, score_HW[higher]
    best_HW /= max(best_HW.max(initial=0), np.finfo(np.float32).tiny)
    owner_HW[best_HW <= threshold] = 0
    return owner_HW, best_HW


def boundary_instances(
    row: CamRow, edge_hw: np.ndarray, displacement_2hw: np.ndarray, settings: BoundaryInstancesSettings
) -> InstanceRow:
    """The instances of one image from its CAMs, its boundary scores in 0..1 and its displacements in cells of stride 4.

    Without tags or centroids, or where the CAMs are zero, there are none.
    """
    centroid_2hw = refine_centroids(displacement_2hw, settings.centroid_steps)
    instance_Ihw = instance_map(displacement_2hw, centroid_2hw, settings.centroid_length)
    first = 1 if has_own_background(row.class_ids) else 0
    label_C = row.class_ids[first:]
    parts_Phw, class_P = cam_parts(row.scores_on((edge_hw.shape[0], edge_hw.shape[1]))[first:], instance_Ihw)
    if len(parts_Phw):
        steps = 2**settings.log2_steps
        parts_Phw = walk_within_boundaries(parts_Phw, edge_hw, settings.beta, steps, settings.radius)
    canvas_hw = walked_canvas(row.size_hw, (edge_hw.shape[0], edge_hw.shape[1]), settings)
    owner_HW, score_HW = strongest_part(parts_Phw, row.size_hw, canvas_hw, settings.threshold)
    channels: list[int] = []
    scores: list[float] = []
    rles: list[bytes] = []
    for piece in connected_pieces(owner_HW, score_HW, settings.minimum_area * owner_HW.size):
        channels.append(piece.channel)
        scores.append(piece.score)
        rles.extend(encode_masks(piece.mask_HW[None]))  # at once: a hundred masks of a large image fill the memory
    return InstanceRow(
        image_id=row.image_id,
        size_hw=row.size_hw,
        class_ids=label_C[class_P[channels]].astype(np.int32),
        scores=np.array(scores, np.float32),
        rles=tuple(rles),
    )


def processor(context: StageContext) -> Processor:
    """Makes the `InstanceRow` of one image."""
    settings = context.typed_settings(BoundaryInstancesSettings)
    network = BoundaryNetwork(context, settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> InstanceRow:
        edge_hw, displacement_2hw = network.edge_and_displacement(record)
        return boundary_instances(typed_row(rows, "cams", CamRow), edge_hw, displacement_2hw, settings)

    return process
