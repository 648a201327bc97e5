import numpy as np
import pytest
import torch
from regions.tiny_sam import SIDE, tiny_sam

from wsss_core.networks.sam.sam import MEAN_RGB, STD_RGB
from wsss_core.regions.crop_masks import CropMasks, Frame, measured, padded_image, passing
from wsss_core.regions.crops import Crop
from wsss_core.settings.regions import SamSettings

EVERYTHING = SamSettings(points_per_side=2, predicted_iou_threshold=0, stability_threshold=0, prompts_per_batch=3)


def test_network_input_is_normalised_and_padded_with_zeros():
    image = np.full((20, 40, 3), (10, 20, 30), np.uint8)
    padded = padded_image(image, SIDE)
    assert padded.shape == (3, SIDE, SIDE)
    for channel in range(3):
        expected = (image[0, 0, channel] - MEAN_RGB[channel]) / STD_RGB[channel]
        np.testing.assert_allclose(padded[channel, :32], expected, rtol=1e-5)
    assert not padded[:, 32:].any()


def test_predicted_iou_is_compared_with_the_offset_of_its_level_strictly():
    iou = torch.tensor([[0.8, 0.8, 0.8], [0.7, 0.85, 0.75]])
    found = passing(iou, (0.0, 0.05, 0.1), 0.85)
    assert found.tolist() == [[False, False, True], [False, True, False]]
    assert passing(iou, (-9.0, -9.0, -9.0), 0.0).all()


def test_points_and_boxes_are_places_in_the_image():
    image = np.random.default_rng(0).integers(0, 255, (100, 140, 3), dtype=np.uint8)
    crop = Crop(60, 40, 140, 100, 1)
    # The crop has half as many points per side: one, in its middle, with three masks.
    found = CropMasks(tiny_sam("vit"), EVERYTHING)(image, crop, 7)
    assert found.point_R2.tolist() == [[100.0, 70.0]] * len(found)
    assert found.crop_R.tolist() == [7] * len(found)
    assert len(found) <= 3
    boxes = found.box_R4
    assert (boxes >= torch.tensor([60.0, 40, 60, 40])).all()
    assert (boxes < torch.tensor([140.0, 100, 140, 100])).all()


def test_prompts_come_in_order_with_their_levels():
    image = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    found = CropMasks(tiny_sam("mobile"), EVERYTHING)(image, Crop(0, 0, 40, 30, 0), 0)
    assert found.level_R.tolist() == [0, 1, 2] * 4
    assert found.point_R2[::3].tolist() == [[10.0, 7.5], [30.0, 7.5], [10.0, 22.5], [30.0, 22.5]]


@pytest.mark.parametrize("measure_on", ["image", "grid"])
def test_stability_and_box_of_a_drawn_blob(measure_on):
    frame = Frame((40, 80), SIDE)
    logits = torch.full((1, 16, 16), -5.0)
    logits[0, 2:5, 4:12] = 5.0  # of 16 logits over 64 pixels of the square; 80 pixels of the image span all
    settings = SamSettings(measure_on=measure_on)
    stability, boxes = measured(logits, frame, settings)
    assert 0.7 < stability.item() <= 1
    np.testing.assert_allclose(boxes[0], [20, 10, 60, 25], atol=6)


def test_no_masks_have_no_measures():
    stability, boxes = measured(torch.zeros(0, 16, 16), Frame((40, 80), SIDE), SamSettings())
    assert stability.shape == (0,)
    assert boxes.shape == (0, 4)
