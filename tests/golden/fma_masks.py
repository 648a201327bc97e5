"""Checks of the mask cases of FMA-WSSS: grids, crops, stability, boxes, mending, suppression, containment."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.fma_functions import unpacked
from golden.synthetic import synthetic_input

from wsss_core.artifacts.rle import encode_masks
from wsss_core.regions.containment import free_standing
from wsss_core.regions.crops import Crop, crops_of, points_per_side
from wsss_core.regions.enlarge import resized_size
from wsss_core.regions.mask_filter import best_of_overlapping, cut_by_crop, mask_boxes
from wsss_core.regions.mask_generator import box_of
from wsss_core.regions.point_grid import unit_grid
from wsss_core.regions.small_parts import drop_small_islands, fill_small_holes, mend
from wsss_core.regions.stability import stability_score

PUBLISHED_OVERLAP = 512 / 1500
PUBLISHED_SIDE = 1024


def check_grids(case: Case) -> None:
    for name, recorded in case.arrays.items():
        sizes = [int(number) for number in re.findall(r"(?<=[a-z_x])\d+", name)]
        if name.startswith("grid"):
            step = int(re.search(r"every (\d+)", case.meaning(name))[1])  # type: ignore[index]
            found = unit_grid(sizes[0])[::step]
        elif name == "n_points":
            found = np.array([points_per_side(32, layer, 2) ** 2 for layer in range(len(recorded))])
        elif name.startswith("resized"):
            found = np.array(resized_size((sizes[0], sizes[1]), PUBLISHED_SIDE))
        else:
            size_hw = (sizes[-2], sizes[-1])
            stated = re.match(r"crops(\d+)_", name)
            layers = int(stated[1]) if stated else 1
            crops = np.array(crops_of(size_hw, layers, PUBLISHED_OVERLAP))
            found = crops[:, 4] if name.startswith("crop_layers") else crops[:, :4]
        assert_equal(found, recorded, f"{case.title}: {name}")


def check_mask_utils(case: Case) -> None:
    arrays = case.arrays
    logits = torch.from_numpy(arrays["logits_f16"].astype(np.float32))
    stability = stability_score(logits, 1.0).numpy()
    np.testing.assert_allclose(np.where(np.isnan(stability), -1, stability), arrays["stability"], rtol=1e-6)
    boxes = mask_boxes(logits > 0)
    assert_equal(boxes.numpy(), arrays["boxes"], f"{case.title}: boxes")
    height, width = logits.shape[1:]
    whole = Crop(0, 0, width, height, 0)
    assert_equal(cut_by_crop(boxes, whole, (height, width)).numpy(), arrays["near_edge_full"], case.title)
    crop, image = (stated_box(case, "near_edge", word) for word in ("crop", "original"))
    shifted = boxes + torch.tensor([crop[0], crop[1], crop[0], crop[1]])
    assert_equal(cut_by_crop(shifted, Crop(*crop, 1), (image[3], image[2])).numpy(), arrays["near_edge"], case.title)
    masks = unpacked(arrays["masks_packed"], tuple(logits.shape))
    assert_equal((logits > 0).numpy(), masks, f"{case.title}: masks")
    check_mending(case, masks)
    about = " ".join(case.meaning(name) for name in arrays if name.startswith("nms"))
    score_name, seed = re.search(r'synthetic_input\("(\w+)",\(\d+,\),(\d+)\)', about).groups()  # type: ignore[union-attr]
    scores = torch.from_numpy(np.abs(synthetic_input(score_name, (len(masks),), int(seed))))
    for name in arrays:
        if name.startswith("nms"):
            kept = best_of_overlapping(boxes, scores, float(name.removeprefix("nms")))
            assert_equal(kept.numpy(), arrays[name], f"{case.title}: {name}")


def stated_box(case: Case, array: str, word: str) -> tuple[int, int, int, int]:
    found = re.search(rf"{word} box \[([\d, ]+)\]", case.meaning(array))
    assert found is not None, f"{case.title}: expected a {word} box in {case.meaning(array)!r}"
    x0, y0, x1, y1 = map(int, found[1].split(","))
    return x0, y0, x1, y1


def check_mending(case: Case, masks: np.ndarray) -> None:
    for name, recorded in case.arrays.items():
        found = re.fullmatch(r"(holes|islands)(\d+)_(packed|changed)", name)
        if found:
            step = fill_small_holes if found[1] == "holes" else drop_small_islands
            mended = [step(mask_HW, int(found[2])) for mask_HW in masks]
            if found[3] == "changed":
                assert_equal(np.array([one.touched for one in mended]), recorded, f"{case.title}: {name}")
            else:
                stack = np.stack([one.mask_HW for one in mended])
                assert_equal(stack, unpacked(recorded, masks.shape), f"{case.title}: {name}")
    area, threshold, first = stated_mending(case)
    mended = [mend(mask_HW, area) for mask_HW in masks[first:]]
    boxes = torch.tensor([box_of(one.mask_HW) for one in mended])
    kept = best_of_overlapping(boxes, torch.tensor([not one.touched for one in mended]), threshold).numpy()
    assert_equal(boxes.numpy()[kept], case.arrays["post_boxes"], f"{case.title}: post_boxes")
    stack = np.stack([mended[index].mask_HW for index in kept])
    assert_equal(stack, unpacked(case.arrays["post_packed"], stack.shape), f"{case.title}: post_packed")


def stated_mending(case: Case) -> tuple[int, float, int]:
    """Area, NMS threshold and first mask of a text such as "(min_area 100, nms .7) of masks 1..19"."""
    found = re.search(r"min_area (\d+), nms ([\d.]*\d)\) of masks (\d+)", case.meaning("post_boxes"))
    assert found is not None, case.meaning("post_boxes")
    return int(found[1]), float(found[2]), int(found[3])


def check_containment(case: Case) -> None:
    inputs = case.spec["inputs"]
    masks = unpacked(case.arrays["masks_packed"], (inputs["n"], *inputs["size"]))
    kept = free_standing(encode_masks(masks), case.arrays["levels"], tuple(inputs["size"]), inputs["threshold"])
    assert_equal(kept, case.arrays["kept"], f"{case.title}: kept")
    assert_equal(case.arrays["levels"][kept], case.arrays["kept_levels"], f"{case.title}: levels")
