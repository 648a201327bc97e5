import numpy as np
import pytest
import torch
from torch.nn import functional

from wsss_core.artifacts.rle import decode_masks
from wsss_core.networks.sam.mask_decoder import POINT_MASKS
from wsss_core.networks.sam.sam import MEAN_RGB, STD_RGB, Sam, build_mobile_sam, for_inference
from wsss_core.networks.sam.tiny_vit import TinyVitShape
from wsss_core.regions.enlarge import resized_size
from wsss_core.regions.mask_generator import MaskGenerator, MaskSet, padded_image
from wsss_core.regions.point_grid import unit_grid
from wsss_core.settings.regions import MaskGeneratorSettings

SIDE = 64
SETTINGS = MaskGeneratorSettings(
    points_per_side=4,
    prompts_per_batch=5,
    predicted_iou_threshold=0.5,
    stability_threshold=0.3,
    stability_offset=0.01,
    box_nms_threshold=0.9,
    min_area_px=4,
)


@pytest.fixture(scope="module")
def network() -> Sam:
    """A tiny network with random weights, whose predicted IoU lies around the threshold of the tests."""
    torch.manual_seed(1)
    shape = TinyVitShape((8, 8, 16, 16), (1, 1, 1, 1), (1, 2, 2, 2), (2, 2, 2, 2), d_out=32, classes=2)
    network = build_mobile_sam(shape, image_side=SIDE)
    for name, value in network.mask_decoder.named_parameters():
        if name.endswith("_proj.weight"):
            value.data *= 4  # so that masks depend on the point
    network.mask_decoder.iou_prediction_head.layers[-1].bias.data.fill_(0.7)
    network.mask_decoder.iou_prediction_head.layers[-1].weight.data *= 3
    for pen in network.mask_decoder.output_hypernetworks_mlps:
        pen.layers[-1].bias.data -= 0.3  # so that masks do not fill the image
        pen.layers[-1].weight.data *= 3
    return for_inference(network)


@pytest.fixture(scope="module")
def image_HW3() -> np.ndarray:
    generator = np.random.default_rng(3)
    image = generator.integers(0, 255, (40, 56, 3), dtype=np.uint8)
    image[8:30, 10:35] = (200, 40, 10)
    return image


def arrays_of(masks: MaskSet, size_hw: tuple[int, int]) -> list[np.ndarray]:
    scores = [masks.area_R, masks.level_R, masks.predicted_iou_R, masks.stability_R]
    return [decode_masks(masks.rles, size_hw), *scores]


def box_iou(a: np.ndarray, b: np.ndarray) -> float:
    common = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    return float(common / union) if union else 0.0


def box_of(mask_HW: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask_HW)
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()], float)


@torch.inference_mode()
def one_by_one(network: Sam, image_HW3: np.ndarray, settings: MaskGeneratorSettings) -> list[tuple]:
    """The generator's rule point by point: everything is drawn, nothing shared; masks as (score, level, mask)."""
    size_hw = image_HW3.shape[:2]
    height, width = resized_size(size_hw, SIDE)
    side = network.prepare(network.encode(padded_image(image_HW3, SIDE)))
    found = []
    for x, y in unit_grid(settings.points_per_side) * (width, height):
        point = torch.tensor([[[x, y]]], dtype=torch.float32)
        decoded = network.mask_decoder(network.prompt_encoder.points(point, torch.ones(1, 1)), side)
        logits = network.mask_decoder.draw(decoded, network.grid_hw, POINT_MASKS)
        for level in range(3):
            seen = logits[0, level, : -(-height // 4), : -(-width // 4)]
            inner, outer = (seen > settings.stability_offset).sum(), (seen > -settings.stability_offset).sum()
            iou = decoded.iou_BM[0, 1 + level].item()
            if iou > settings.predicted_iou_threshold and inner / outer >= settings.stability_threshold:
                square = functional.interpolate(logits[:, level, None], (SIDE, SIDE), mode="bilinear")
                full = functional.interpolate(square[..., :height, :width], size_hw, mode="bilinear")[0, 0] > 0
                found.append((iou, level, full.numpy(), (seen > 0).numpy()))
    kept: list[tuple] = []
    for candidate in sorted(found, key=lambda mask: -mask[0]):
        boxes = (box_iou(box_of(candidate[3]), box_of(mask[3])) for mask in kept)
        if all(iou <= settings.box_nms_threshold for iou in boxes):
            kept.append(candidate)
    return [(iou, level, full) for iou, level, full, _ in kept]


def test_masks_are_those_of_the_rule_applied_point_by_point(network, image_HW3):
    settings = SETTINGS.model_copy(update={"min_area_px": 0})
    masks = MaskGenerator(network, settings)(image_HW3)
    expected = [mask for mask in one_by_one(network, image_HW3, settings) if mask[2].any()]
    assert len(expected) > 3
    assert masks.level_R.tolist() == [level for _, level, _ in expected]
    np.testing.assert_allclose(masks.predicted_iou_R, [iou for iou, _, _ in expected], rtol=1e-4)
    decoded = decode_masks(masks.rles, image_HW3.shape[:2])
    # Pixels whose logit is 0 up to rounding may go either way.
    assert np.mean(decoded == np.stack([mask for _, _, mask in expected])) > 0.999
    np.testing.assert_array_equal(masks.area_R, decoded.sum(axis=(1, 2)))


def test_batch_size_changes_nothing(network, image_HW3):
    whole = arrays_of(MaskGenerator(network, SETTINGS)(image_HW3), (40, 56))
    single = arrays_of(
        MaskGenerator(network, SETTINGS.model_copy(update={"prompts_per_batch": 1}))(image_HW3), (40, 56)
    )
    assert len(whole[0]) == len(single[0]) > 3
    assert np.mean(whole[0] == single[0]) > 0.999
    for one, other in zip(whole[2:], single[2:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_the_same_image_gives_the_same_bytes(network, image_HW3):
    generate = MaskGenerator(network, SETTINGS)
    assert generate(image_HW3).rles == generate(image_HW3.copy()).rles


def test_every_mask_passes_the_thresholds_best_first(network, image_HW3):
    masks = MaskGenerator(network, SETTINGS)(image_HW3)
    assert (masks.predicted_iou_R > SETTINGS.predicted_iou_threshold).all()
    assert (np.diff(masks.predicted_iou_R) <= 0).all()
    assert (masks.stability_R >= SETTINGS.stability_threshold).all()
    assert (masks.area_R >= SETTINGS.min_area_px).all()
    assert set(masks.level_R) <= {0, 1, 2}
    assert (masks.area_R.dtype, masks.level_R.dtype, masks.stability_R.dtype) == (np.int32, np.int32, np.float32)


@pytest.mark.parametrize("change", [{"predicted_iou_threshold": 1.0}, {"min_area_px": 10_000}])
def test_nothing_left_is_an_empty_set(network, image_HW3, change):
    masks = MaskGenerator(network, SETTINGS.model_copy(update=change))(image_HW3)
    assert masks.rles == ()
    assert [len(part) for part in arrays_of(masks, (40, 56))] == [0] * 5


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 90, 3), (90, 2, 3), (64, 64, 3), (200, 130, 3)])
def test_any_shape_of_image_works(network, shape):
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    masks = MaskGenerator(network, SETTINGS.model_copy(update={"min_area_px": 0}))(image)
    assert decode_masks(masks.rles, shape[:2]).sum() == masks.area_R.sum()


def test_bfloat16_finds_about_the_same_masks(network, image_HW3):
    masks = MaskGenerator(network, SETTINGS)(image_HW3)
    rough = MaskGenerator(network, SETTINGS.model_copy(update={"precision": "bfloat16"}))(image_HW3)
    union = [decode_masks(found.rles, (40, 56)).any(axis=0) for found in (masks, rough)]
    assert (union[0] & union[1]).sum() > 0.8 * (union[0] | union[1]).sum()


def test_network_input_is_normalised_and_padded_with_zeros():
    image = np.full((20, 40, 3), (10, 20, 30), np.uint8)
    padded = padded_image(image, SIDE)
    assert padded.shape == (3, SIDE, SIDE)
    for channel in range(3):
        expected = (image[0, 0, channel] - MEAN_RGB[channel]) / STD_RGB[channel]
        np.testing.assert_allclose(padded[channel, :32], expected, rtol=1e-5)
    assert not padded[:, 32:].any()
