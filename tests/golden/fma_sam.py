"""Checks of the SAM cases of FMA-WSSS with a network: its outputs, and the masks of the generator."""

import re
from typing import Any

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.fma_functions import unpacked
from golden.fma_sam_setting import network, picture
from PIL import Image

from wsss_core.artifacts.rle import decode_masks
from wsss_core.networks.sam.mask_decoder import POINT_MASKS
from wsss_core.regions.crop_masks import padded_image
from wsss_core.regions.enlarge import Enlarger, resized_size
from wsss_core.regions.mask_generator import MaskGenerator, MaskSet
from wsss_core.settings.regions import SamSettings


def assert_near(new: np.ndarray, recorded: np.ndarray, tolerance: dict[str, float], what: str) -> None:
    """|new - recorded| <= rtol |recorded| + atol times the largest recorded value."""
    assert new.shape == recorded.shape, f"{what}: shape {new.shape}, recorded {recorded.shape}"
    floor = tolerance["atol_rel_to_max"] * np.abs(recorded).max(initial=0)
    np.testing.assert_allclose(new, recorded, rtol=tolerance["rtol"], atol=floor, err_msg=what)


@torch.inference_mode()
def check_forward(case: Case) -> None:
    sam, image_HW3 = network(case), picture(case)
    size_hw = image_HW3.shape[:2]
    height, width = resized_size(size_hw, sam.image_side)
    resized = np.asarray(Image.fromarray(image_HW3).resize((width, height), Image.Resampling.BILINEAR))
    assert_equal(resized, case.arrays["resized"], f"{case.title}: resized")
    xy = np.array(case.spec["inputs"]["points_xy"]) * (width / size_hw[1], height / size_hw[0])
    np.testing.assert_allclose(xy, case.arrays["coords"], rtol=1e-9)
    grid_Dhw = sam.encode(padded_image(image_HW3, sam.image_side))
    points = torch.from_numpy(xy).float()[:, None]
    prompt = sam.prompt_encoder.points(points, torch.ones(len(points), 1))
    decoded = sam.mask_decoder(prompt, sam.prepare(grid_Dhw))
    low_PMhw = sam.mask_decoder.draw(decoded, sam.grid_hw, POINT_MASKS)
    enlarge = Enlarger(low_PMhw.shape[-1], sam.image_side, size_hw)
    found = {
        "embedding": grid_Dhw[None],
        "low_res": low_PMhw,
        "iou": decoded.iou_BM[:, POINT_MASKS],
        "single_iou": decoded.iou_BM[:, :1],
        "masks_up": enlarge(low_PMhw.flatten(0, 1)).unflatten(0, low_PMhw.shape[:2])[..., ::4, ::4],
    }
    for name, value in found.items():
        assert_near(value.numpy(), case.arrays[name], case.spec["tolerance"], f"{case.title}: {name}")


def check_generator(case: Case) -> None:
    image_HW3, inputs = picture(case), case.spec["inputs"]
    settings = generator_settings(inputs)
    # The recorded containment threshold is in the meaning of the number of masks.
    threshold = float(re.search(r"containment filter ([\d.]+)", case.meaning("rsw3_n"))[1])  # type: ignore[index]
    variants = {
        "rsw3": {"containment_threshold": threshold},
        "none": {"containment_threshold": None},
        "crop0": {"containment_threshold": None, "crop_layers": 0},
    }
    for name, change in variants.items():
        if f"{name}_n" in case.arrays:
            changed = settings.model_copy(update=change)
            check_masks(case, name, MaskGenerator(network(case), changed)(image_HW3), image_HW3.shape[:2], changed)


def generator_settings(inputs: dict[str, Any]) -> SamSettings:
    """Ours for the recorded ones; a threshold that is not positive is 0 here."""
    given = inputs["generator"]
    return SamSettings(
        points_per_side=given["points_per_side"],
        crop_layers=given["crop_n_layers"],
        crop_overlap=given["crop_overlap_ratio"],
        crop_points_divisor=given["crop_n_points_downscale_factor"],
        predicted_iou_threshold=max(0.0, given["pred_iou_thresh"]),
        threshold_offsets=tuple(given["score_thresh_offset"]),
        stability_threshold=max(0.0, given["stability_score_thresh"]),
        stability_biases=tuple(given["stability_score_bias"]),
        stability_offset=given["stability_score_offset"],
        mask_threshold=inputs["mask_threshold"],
        box_nms_threshold=given["box_nms_thresh"],
        ranking_offsets=tuple(given["score_nms_offset"]),
        crop_nms_threshold=given["crop_nms_thresh"],
        min_area_px=given["min_mask_region_area"],
        prompts_per_batch=inputs["points_per_batch"],
    )


def check_masks(case: Case, name: str, masks: MaskSet, size_hw: tuple[int, int], settings: SamSettings) -> None:
    """Masks are compared in order; the case allows a few that do not match."""
    count = int(case.arrays[f"{name}_n"])
    assert len(masks.rles) == count, f"{case.title}: {name}: {len(masks.rles)} masks, recorded {count}"
    new = decode_masks(masks.rles, size_hw)
    recorded = unpacked(case.arrays[f"{name}_masks_packed"], new.shape)
    union = (new | recorded).sum(axis=(1, 2))
    iou = np.where(union > 0, (new & recorded).sum(axis=(1, 2)) / np.maximum(union, 1), 1.0)
    same = iou > 0.99
    assert same.mean() >= 0.95, f"{case.title}: {name}: {same.mean():.0%} of the masks match"
    threshold_offset, ranking_offset, bias = (
        np.array(values)[masks.level_R]
        for values in (settings.threshold_offsets, settings.ranking_offsets, settings.stability_biases)
    )
    floats = {
        "predicted_iou": masks.predicted_iou_R,
        "predicted_iou_thresh": masks.predicted_iou_R + threshold_offset,
        "predicted_iou_nms": masks.predicted_iou_R + ranking_offset,
        "stability_score": masks.stability_R,
        "stability_score_bias": bias,
        "point_coords": masks.point_R2[:, None],
        "crop_box": np.concatenate([masks.crop_R4[:, :2], masks.crop_R4[:, 2:] - masks.crop_R4[:, :2]], axis=1),
    }
    for field, value in floats.items():
        what = f"{case.title}: {name}_{field}"
        np.testing.assert_allclose(
            value[same], case.arrays[f"{name}_{field}"][same], rtol=2e-3, atol=1e-6, err_msg=what
        )
    assert_equal(masks.level_R[same], case.arrays[f"{name}_level"][same], f"{case.title}: {name}_level")
    exact = same & (iou == 1)
    xywh = np.concatenate([masks.box_R4[:, :2], masks.box_R4[:, 2:] - masks.box_R4[:, :2]], axis=1)
    assert_equal(masks.area_R[exact], case.arrays[f"{name}_area"][exact], f"{case.title}: {name}_area")
    assert_equal(xywh[exact], case.arrays[f"{name}_bbox"][exact], f"{case.title}: {name}_bbox")
