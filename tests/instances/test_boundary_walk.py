"""Instances of one image: parts of the CAMs, the strongest part at each pixel, and the whole method."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.rle import decode_masks
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.data.instance_truth import instance_truth
from wsss_core.data.scene_render import Scene, draw_scene
from wsss_core.evaluation.instance_tally import InstanceTally
from wsss_core.instances.boundary_walk import boundary_instances, cam_parts, processor, strongest_part
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.data import SCENE_CLASSES
from wsss_core.settings.instances import BoundaryInstancesSettings
from wsss_core.stages.context import StageContext

SIZE_HW = (45, 70)
GRID_HW = (12, 18)
CENTRES = ((5, 4), (6, 13))


def two_blobs() -> np.ndarray:
    """A displacement field (2, h, w) in which every cell points to the nearer of two centres."""
    y, x = np.mgrid[: GRID_HW[0], : GRID_HW[1]].astype(np.float32)
    nearest = np.argmin([(y - cy) ** 2 + (x - cx) ** 2 for cy, cx in CENTRES], axis=0)
    goal = np.array(CENTRES, np.float32)[nearest]
    return np.stack([goal[..., 0] - y, goal[..., 1] - x])


def boundary() -> np.ndarray:
    """Boundary scores (h, w): a wall around two boxes, open nowhere."""
    edge_hw = np.zeros(GRID_HW, np.float32)
    for left, right in ((1, 7), (10, 16)):
        edge_hw[2:10, [left, right]] = edge_hw[[2, 9], left : right + 1] = 0.98
    return edge_hw


def cams(*class_ids: int) -> CamRow:
    """CAMs that are high in both boxes; those of a second class are lower."""
    grid_hw = np.full(GRID_HW, 0.01, np.float32)
    grid_hw[4:8, 3:6] = grid_hw[4:8, 12:15] = 1
    maps = np.stack([grid_hw / (number + 1) for number in range(len(class_ids))]) if class_ids else np.zeros((0, 1, 1))
    return CamRow("a", SIZE_HW, np.array(class_ids, np.int32), (maps.astype(np.float32),), SIZE_HW, False)


def find(row: CamRow, **changes: object) -> InstanceRow:
    return boundary_instances(row, boundary(), two_blobs(), BoundaryInstancesSettings(**changes))  # type: ignore[arg-type]


def test_two_objects_of_one_class_are_two_instances() -> None:
    row = find(cams(7, 9))
    assert row.class_ids.tolist() == [7, 7]
    assert row.scores.max() == 1
    masks = decode_masks(row.rles, SIZE_HW)
    assert not (masks[0] & masks[1]).any()
    for mask_HW, (left, right) in zip(masks, ((4, 32), (40, 68)), strict=True):
        rows, columns = np.nonzero(mask_HW)
        assert 4 <= rows.min() <= rows.max() < 42
        assert left <= columns.min() <= columns.max() < right
        assert mask_HW[16:32, left + 8 : right - 8].all()


def test_a_background_channel_of_the_scores_makes_no_instances() -> None:
    plain, row = find(cams(7)), find(cams(0, 7))
    assert row.class_ids.tolist() == plain.class_ids.tolist() == [7, 7]
    assert row.rles == plain.rles


def test_small_pieces_stay_with_score_zero() -> None:
    row = find(cams(7), minimum_area=0.5)
    assert len(row.rles) == 2
    assert not row.scores.any()


def test_without_tags_or_centroids_or_scores_there_is_no_instance() -> None:
    zero = CamRow("a", SIZE_HW, np.array([1], np.int32), (np.zeros((1, 3, 5), np.float32),), SIZE_HW, True)
    nowhere = boundary_instances(cams(1), boundary(), np.full((2, *GRID_HW), 40.0), BoundaryInstancesSettings())
    for row in (find(cams()), find(zero), nowhere):
        assert (row.size_hw, len(row.class_ids), len(row.scores), row.rles) == (SIZE_HW, 0, 0, ())
        assert (row.class_ids.dtype, row.scores.dtype) == (np.int32, np.float32)


def test_parts_are_the_classes_within_the_instances_class_by_class() -> None:
    cam_Khw = np.arange(1, 9, dtype=np.float32).reshape(2, 1, 4)
    instance_Ihw = np.array([[[True, True, False, False]], [[False, False, True, False]]])
    parts, classes = cam_parts(cam_Khw, instance_Ihw)
    np.testing.assert_array_equal(parts[:, 0], [[1, 2, 0, 0], [0, 0, 3, 0], [5, 6, 0, 0], [0, 0, 7, 0]])
    assert classes.tolist() == [0, 0, 1, 1]
    cam_Khw[0, 0, 2] = 0
    assert cam_parts(cam_Khw, instance_Ihw)[1].tolist() == [0, 1, 1]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([0.0, 0.25, 0.6]))
def test_the_strongest_part_is_the_argmax_with_the_threshold_as_background(
    seed: int, parts: int, threshold: float
) -> None:
    scores_Phw = np.random.default_rng(seed).random((parts, 3, 4)).astype(np.float32)
    owner_HW, score_HW = strongest_part(scores_Phw, (10, 14), (12, 16), threshold)
    large = torch.nn.functional.interpolate(torch.from_numpy(scores_Phw)[None], (12, 16), mode="bilinear")
    all_PHW = large[0, :, :10, :14].numpy()
    all_PHW = all_PHW / all_PHW.max()
    with_background = np.concatenate([np.full((1, 10, 14), np.float32(threshold)), all_PHW])
    np.testing.assert_allclose(score_HW, all_PHW.max(axis=0), atol=1e-5)
    surest = np.sort(with_background, axis=0)[-2:]
    clear = surest[1] - surest[0] > 1e-4
    np.testing.assert_array_equal(owner_HW[clear], with_background.argmax(axis=0)[clear])


def ideal_fields(scene: Scene) -> tuple[CamRow, np.ndarray, np.ndarray]:
    """What perfect networks would say of a scene, on stride 4: CAMs, boundaries of all instances, displacements."""
    object_hw, label_hw = scene.instance_HW[2::4, 2::4], scene.label_HW[2::4, 2::4]
    seam_hw = (np.diff(object_hw, axis=0, append=object_hw[-1:]) != 0) | (
        np.diff(object_hw, axis=1, append=object_hw[:, -1:]) != 0
    )
    displacement_2hw = np.full((2, *object_hw.shape), 40.0)
    for number in range(1, len(scene.labels) + 1):
        cells_n2 = np.argwhere(object_hw == number)
        if len(cells_n2):  # the cell of the instance nearest to its mean
            centre = cells_n2[np.square(cells_n2 - cells_n2.mean(axis=0)).sum(axis=1).argmin()]
            displacement_2hw[:, cells_n2[:, 0], cells_n2[:, 1]] = (centre - cells_n2).T
    class_ids = np.unique(label_hw[label_hw > 0]).astype(np.int32)
    cam_Chw = (label_hw == class_ids[:, None, None]).astype(np.float32)
    size_hw = (scene.label_HW.shape[0], scene.label_HW.shape[1])
    row = CamRow("a", size_hw, class_ids, (cam_Chw,), size_hw, True)
    return row, seam_hw * np.float32(0.99), displacement_2hw


def test_perfect_fields_give_nearly_perfect_instances_of_scenes() -> None:
    tally = InstanceTally(len(SCENE_CLASSES) + 1)
    for index in range(8):
        scene = draw_scene(0, f"s{index}", index, SCENE_CLASSES, (96, 128))
        row = boundary_instances(*ideal_fields(scene), BoundaryInstancesSettings())
        tally.add(row, instance_truth(scene.instance_HW.astype(np.uint8), scene.label_HW, "s"))
    assert tally.truth_counts.sum() > 8
    assert np.nanmean(tally.average_precision("ap50")) > 0.8


@pytest.fixture
def record(tmp_path: Path) -> ImageRecord:
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE_HW, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return ImageRecord("a", str(tmp_path / "a.png"), *SIZE_HW, ("train",), 0, (7,))


def context(folder: Path) -> StageContext:
    torch.manual_seed(0)
    card = NetworkCard("affinity", "small", (), IMAGENET_RGB, "irnet")
    save_network(folder, card, card.build().state_dict())
    settings = BoundaryInstancesSettings(log2_steps=4, canvas=64)
    return StageContext("e", "s", "instances", "m", settings, {"affinity": folder}, folder, ("train",))


def test_the_processor_finds_instances_with_an_irnet(record: ImageRecord, tmp_path: Path) -> None:
    process = processor(context(tmp_path / "net"))
    row = process(record, {"cams": cams(7)})
    assert isinstance(row, InstanceRow)
    assert row.size_hw == SIZE_HW
    assert set(row.class_ids) == {7}
    assert decode_masks(row.rles, SIZE_HW).any(axis=(1, 2)).all()
    empty = process(record, {"cams": cams()})
    assert isinstance(empty, InstanceRow)
    assert empty.rles == ()
