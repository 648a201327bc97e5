"""Crops and labels of segmentation trainings."""

import numpy as np
import pytest
from training.tiny_data import write_tiny_data

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segmenters.training_sample import SeedLabels, SegmenterSamples, TruthLabels, augmented_crop
from wsss_core.settings.segmenter import DeepLabV1Settings

PLAIN = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}


def test_image_and_labels_go_through_the_same_changes():
    label_HW = np.zeros((40, 50), np.uint8)
    label_HW[10:30, 5:20] = 7
    image_HW3 = np.repeat(label_HW[:, :, None] * 30, 3, axis=2)
    settings = DeepLabV1Settings(crop=45, rescale=(1.0, 1.0), **PLAIN)
    for seed in range(8):
        image, label, inside = augmented_crop(image_HW3, label_HW, settings, np.random.default_rng(seed))
        assert (image[inside][:, 0] == label[inside] * 30).all()
        assert (label[~inside] == 255).all()
        assert inside.sum() == 40 * 45


def test_outside_the_image_is_the_mean_colour_and_ignored(tmp_path):
    records = write_tiny_data(tmp_path).records
    settings = DeepLabV1Settings(crop=64, rescale=(0.5, 0.5))
    sample = SegmenterSamples(records, TruthLabels(), 3, settings, IMAGENET_RGB).sample(0, np.random.default_rng(0))
    outside_HW = sample["label"] == 255
    assert int((~outside_HW).sum()) == 20 * 24
    assert sample["image"][:, outside_HW].abs().max() == 0
    assert bool((sample["image"][:, ~outside_HW] != 0).any(dim=0).all())


def test_rescaling_keeps_the_set_of_labels(tmp_path):
    records = write_tiny_data(tmp_path).records
    samples = SegmenterSamples(records, TruthLabels(), 3, DeepLabV1Settings(crop=48), IMAGENET_RGB)
    for seed in range(5):
        assert set(samples.sample(0, np.random.default_rng(seed))["label"].unique().tolist()) <= {0, 1, 255}


def test_an_image_without_truth_is_named(tmp_path):
    record = write_tiny_data(tmp_path).records[0]
    bare = type(record)(**{**vars(record), "truth": None})
    with pytest.raises(ValueError, match="'id0' has no ground truth"):
        TruthLabels().of(bare)


def test_pixels_below_the_smallest_confidence_are_ignored(tmp_path):
    record = write_tiny_data(tmp_path).records[0]
    confidence_HW = np.array([[0, 50, 51, 255]], np.uint8)
    rows = {record.image_id: LabelRow(record.image_id, np.array([[0, 1, 1, 2]], np.uint8), confidence_HW)}
    assert SeedLabels(rows).of(record).tolist() == [[0, 1, 1, 2]]
    assert SeedLabels(rows, minimum_confidence=0.2).of(record).tolist() == [[255, 255, 1, 2]]


def test_seeds_without_confidence_are_refused_only_where_one_is_asked_for(tmp_path):
    record = write_tiny_data(tmp_path).records[0]
    rows = {record.image_id: LabelRow(record.image_id, np.zeros((2, 2), np.uint8))}
    assert SeedLabels(rows).of(record).shape == (2, 2)
    with pytest.raises(ValueError, match=f"{record.image_id}.*set `confidence: true` in the stage of the seeds"):
        SeedLabels(rows, minimum_confidence=0.5).of(record)
