"""What the trainings of all tag classifiers share: samples of augmented crops, tags, the validation crop."""

import pickle
from functools import partial

import numpy as np
import torch
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.classifiers.psa import augment
from wsss_core.classifiers.task import ClassifierSamples, ClassifierTask, Recipe, tag_vector
from wsss_core.data.crops import top_left_crop
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB, Normalisation
from wsss_core.settings.classifier import PsaClassifierSettings

TINY = {"network": "small", "longer_side": [32, 64], "crop": 48, "batch": 3, "epochs": 2, "validation_crop": 50}


def settings(**changes: object) -> PsaClassifierSettings:
    return PsaClassifierSettings.parse({**TINY, **changes}, "classifier")


def samples_of(folder, chosen: PsaClassifierSettings, normalise: Normalisation) -> ClassifierSamples:
    records = write_tiny_data(folder / "data").records
    return ClassifierSamples(records, 2, partial(augment, chosen), chosen.crop, normalise)


def test_samples_depend_on_generator_and_image_alone(tmp_path):
    samples = samples_of(tmp_path, settings(), CAFFE_BGR)
    first, again, other = (samples.sample(1, np.random.default_rng(seed))["image"] for seed in (1, 1, 2))
    assert first.shape == (3, 48, 48)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_lies_outside_the_image_has_the_mean_colour(tmp_path):
    samples = samples_of(tmp_path, settings(longer_side=[20, 20]), IMAGENET_RGB)
    image_3HW = samples.sample(0, np.random.default_rng(0))["image"]
    inside_HW = (image_3HW != 0).any(dim=0)
    assert int(inside_HW.any(dim=0).sum()) == 20  # columns: the longer side
    assert int(inside_HW.any(dim=1).sum()) == 17  # 40 x 48 becomes 17 x 20
    assert image_3HW[:, ~inside_HW].abs().max() == 0


def test_the_longer_side_takes_both_ends_of_its_range_and_nothing_else(tmp_path):
    plain = settings(longer_side=[20, 22], crop=48, brightness=0, contrast=0, saturation=0, hue=0)
    samples = samples_of(tmp_path, plain, IMAGENET_RGB)
    sides = set()
    for seed in range(30):
        image_3HW = samples.sample(0, np.random.default_rng(seed))["image"]
        sides.add(int((image_3HW != 0).any(dim=0).any(dim=0).sum()))
    assert sides == {20, 21, 22}


def test_tags_become_ones_at_their_class_and_no_tag_is_a_negative_of_all():
    record = ImageRecord("a", "a.png", 1, 1, ("train",), 0, tags=(1, 3))
    assert tag_vector(record, 4).tolist() == [1, 0, 1, 0]
    assert tag_vector(ImageRecord("b", "b.png", 1, 1, ("train",), 0), 2).tolist() == [0, 0]


def test_samples_travel_to_worker_processes(tmp_path):
    samples = samples_of(tmp_path, settings(), IMAGENET_RGB)
    there = pickle.loads(pickle.dumps(samples))
    generators = [np.random.default_rng(3) for _ in range(2)]
    assert torch.equal(samples.sample(2, generators[0])["image"], there.sample(2, generators[1])["image"])


def test_validation_images_are_cropped_by_the_recipe(tmp_path):
    def upper_corner(array_HWD: np.ndarray, size: int) -> np.ndarray:
        seen.append((array_HWD.shape, size))
        return top_left_crop(array_HWD, size)

    seen: list[tuple[tuple[int, ...], int]] = []
    recipe = Recipe(None, partial(augment, settings()), upper_corner)
    task = ClassifierTask(settings(validation_crop=36), tiny_context(tmp_path / "classifier", "c", settings()), recipe)
    assert set(task.validate()) == {"loss", "map", "ap"}
    assert seen == [((48, 48, 3), 36), ((32, 32, 3), 36)]
