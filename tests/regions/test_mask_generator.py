import numpy as np
import pytest
import torch
from regions.tiny_sam import SIDE, tiny_sam
from torch.nn import functional

from wsss_core.artifacts.rle import decode_masks
from wsss_core.networks.sam.mask_decoder import POINT_MASKS
from wsss_core.networks.sam.sam import Sam
from wsss_core.regions.crop_masks import padded_image
from wsss_core.regions.enlarge import resized_size
from wsss_core.regions.mask_generator import MaskGenerator, MaskSet, box_of
from wsss_core.regions.point_grid import unit_grid
from wsss_core.settings.regions import SamSettings

SETTINGS = SamSettings(
    points_per_side=4,
    prompts_per_batch=5,
    crop_layers=0,
    predicted_iou_threshold=0.5,
    threshold_offsets=(0.0, 0.05, -0.05),
    stability_threshold=0.3,
    stability_offset=0.01,
    stability_biases=(0.0, 0.1, 0.0),
    ranking_offsets=(0.0, 0.0, 1.0),
    box_nms_threshold=0.9,
    min_area_px=0,
    containment_threshold=None,
)
SIZE = (40, 56)


@pytest.fixture(scope="module")
def network() -> Sam:
    return tiny_sam("mobile")


@pytest.fixture(scope="module")
def image_HW3() -> np.ndarray:
    generator = np.random.default_rng(3)
    image = generator.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    image[8:30, 10:35] = (200, 40, 10)
    return image


def masks_with(network: Sam, image_HW3: np.ndarray, **changes) -> MaskSet:
    return MaskGenerator(network, SETTINGS.model_copy(update=changes))(image_HW3)


def box_iou(a: np.ndarray, b: np.ndarray) -> float:
    common = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    return float(common / union) if union else 0.0


@torch.inference_mode()
def one_by_one(network: Sam, image_HW3: np.ndarray, settings: SamSettings) -> list[tuple]:
    """The rule for the whole image, point by point: everything is drawn in full; masks as (IoU, level, mask)."""
    size_hw = image_HW3.shape[:2]
    height, width = resized_size(size_hw, SIDE)
    side = network.prepare(network.encode(padded_image(image_HW3, SIDE)))
    found = []
    for x, y in unit_grid(settings.points_per_side) * (width, height):
        point = torch.tensor([[[x, y]]], dtype=torch.float32)
        decoded = network.mask_decoder(network.prompt_encoder.points(point, torch.ones(1, 1)), side)
        logits = network.mask_decoder.draw(decoded, network.grid_hw, POINT_MASKS)
        for level in range(3):
            square = functional.interpolate(logits[:, level, None], (SIDE, SIDE), mode="bilinear")
            full = functional.interpolate(square[..., :height, :width], size_hw, mode="bilinear")[0, 0]
            inner, outer = (full > settings.stability_offset).sum(), (full > -settings.stability_offset).sum()
            iou = decoded.iou_BM[0, 1 + level].item()
            is_good = iou + settings.threshold_offsets[level] > settings.predicted_iou_threshold
            if is_good and inner / outer + settings.stability_biases[level] >= settings.stability_threshold:
                found.append((iou, level, (full > 0).numpy()))
    kept: list[tuple] = []
    for candidate in sorted(found, key=lambda mask: -(mask[0] + settings.ranking_offsets[mask[1]])):
        boxes = (box_iou(np.array(box_of(candidate[2])), np.array(box_of(mask[2]))) for mask in kept)
        if all(iou <= settings.box_nms_threshold for iou in boxes):
            kept.append(candidate)
    return kept


@pytest.mark.parametrize(("encoder", "threshold"), [("mobile", 0.9), ("vit", 1.0)])  # boxes of the latter are alike
def test_masks_are_those_of_the_rule_applied_point_by_point(image_HW3, encoder, threshold):
    network = tiny_sam(encoder)
    masks = masks_with(network, image_HW3, box_nms_threshold=threshold)
    expected = one_by_one(network, image_HW3, SETTINGS.model_copy(update={"box_nms_threshold": threshold}))
    assert len(expected) > 3
    assert masks.level_R.tolist() == [level for _, level, _ in expected]
    np.testing.assert_allclose(masks.predicted_iou_R, [iou for iou, _, _ in expected], rtol=1e-4)
    decoded = decode_masks(masks.rles, SIZE)
    # Pixels whose logit is 0 up to rounding may go either way.
    assert np.mean(decoded == np.stack([mask for _, _, mask in expected])) > 0.999
    np.testing.assert_array_equal(masks.area_R, decoded.sum(axis=(1, 2)))
    np.testing.assert_array_equal(masks.box_R4, [box_of(mask) for mask in decoded])


def test_batch_size_changes_nothing(network, image_HW3):
    whole, single = masks_with(network, image_HW3), masks_with(network, image_HW3, prompts_per_batch=1)
    assert len(whole.rles) == len(single.rles) > 3
    assert np.mean(decode_masks(whole.rles, SIZE) == decode_masks(single.rles, SIZE)) > 0.999
    np.testing.assert_allclose(whole.stability_R, single.stability_R, rtol=1e-3)


def test_the_same_image_gives_the_same_bytes(network, image_HW3):
    generate = MaskGenerator(network, SETTINGS)
    assert generate(image_HW3).rles == generate(image_HW3.copy()).rles


def test_the_offset_of_a_level_lets_its_masks_pass_the_threshold_strictly_above(network, image_HW3):
    everything = masks_with(network, image_HW3, predicted_iou_threshold=0.0, box_nms_threshold=1.0)
    level_2 = everything.predicted_iou_R[everything.level_R == 2]
    highest = float(level_2.max())
    settings = {"predicted_iou_threshold": 1.0, "box_nms_threshold": 1.0}
    none = masks_with(network, image_HW3, **settings, threshold_offsets=(-9.0, -9.0, 0.999 - highest))
    some = masks_with(network, image_HW3, **settings, threshold_offsets=(-9.0, -9.0, 1.001 - highest))
    assert none.rles == ()
    assert set(some.level_R.tolist()) == {2}


def test_wholes_win_over_better_parts_when_they_are_ranked_higher(network, image_HW3):
    ranked = masks_with(network, image_HW3, box_nms_threshold=0.3)
    assert ranked.level_R[0] == 2
    assert (np.diff(ranked.predicted_iou_R + (ranked.level_R == 2)) <= 0).all()


def test_thresholds_of_zero_switch_the_filters_off(network, image_HW3):
    off = {"predicted_iou_threshold": 0.0, "stability_threshold": 0.0, "box_nms_threshold": 1.0}
    assert len(masks_with(network, image_HW3, **off).rles) == 4 * 4 * 3


def test_mended_masks_come_last_within_a_level_order(network, image_HW3):
    masks = masks_with(network, image_HW3, min_area_px=6)
    assert 3 < len(masks.rles) <= len(masks_with(network, image_HW3).rles)
    smallest = masks_with(network, image_HW3, min_area_px=6, smallest_mask_px=200)
    assert (smallest.area_R >= 200).all()
    assert set(smallest.rles) <= set(masks.rles)


def test_containment_orders_masks_from_wholes_to_subparts(network, image_HW3):
    everything = masks_with(network, image_HW3)
    filtered = masks_with(network, image_HW3, containment_threshold=0.3)
    assert (np.diff(filtered.level_R) <= 0).all()
    assert (filtered.level_R == 2).sum() == (everything.level_R == 2).sum()
    assert set(filtered.rles) <= set(everything.rles)


def test_masks_of_crops_lie_in_their_crop_and_come_first(network):
    image = np.random.default_rng(5).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    image[30:90, 40:120] = 230
    masks = masks_with(network, image, crop_layers=1, crop_overlap=0.3, stability_threshold=0.0)
    whole = (masks.crop_R4 == (0, 0, 160, 120)).all(axis=1)
    assert (~whole).sum() > 0
    assert (np.diff(whole.astype(int)) >= 0).all()
    for mask_HW, (x0, y0, x1, y1), (x, y) in zip(
        decode_masks(masks.rles, (120, 160)), masks.crop_R4, masks.point_R2, strict=True
    ):
        outside = mask_HW.copy()
        outside[y0:y1, x0:x1] = False
        assert not outside.any()
        assert x0 <= x < x1
        assert y0 <= y < y1


def test_measuring_on_the_grid_gives_nearly_the_same_masks(network, image_HW3):
    fine, coarse = masks_with(network, image_HW3), masks_with(network, image_HW3, measure_on="grid")
    union = [decode_masks(found.rles, SIZE).any(axis=0) for found in (fine, coarse)]
    assert (union[0] & union[1]).sum() > 0.6 * (union[0] | union[1]).sum()


@pytest.mark.parametrize("change", [{"predicted_iou_threshold": 1.0}, {"smallest_mask_px": 10_000}])
@pytest.mark.parametrize("layers", [0, 1])
def test_nothing_left_is_an_empty_set(network, image_HW3, change, layers):
    masks = masks_with(network, image_HW3, crop_layers=layers, min_area_px=5, containment_threshold=0.3, **change)
    assert masks.rles == ()
    assert masks.box_R4.shape == masks.crop_R4.shape == (0, 4)
    assert (masks.area_R.dtype, masks.level_R.dtype, masks.stability_R.dtype) == (np.int32, np.int32, np.float32)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 90, 3), (90, 2, 3), (64, 64, 3), (200, 130, 3)])
def test_any_shape_of_image_works(network, shape):
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    masks = masks_with(network, image, crop_layers=1, min_area_px=4, containment_threshold=0.3)
    assert decode_masks(masks.rles, shape[:2]).sum() == masks.area_R.sum()


def test_bfloat16_finds_about_the_same_masks(network, image_HW3):
    masks, rough = masks_with(network, image_HW3), masks_with(network, image_HW3, precision="bfloat16")
    union = [decode_masks(found.rles, SIZE).any(axis=0) for found in (masks, rough)]
    assert (union[0] & union[1]).sum() > 0.8 * (union[0] | union[1]).sum()
