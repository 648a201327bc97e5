"""Label maps of a one-stage network."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from training.tiny_data import CLASSES, tiny_context, write_tiny_data

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import load_network, save_network
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.predictions.one_stage import crf_input, image_scores, processor, with_background
from wsss_core.segmenters import one_stage
from wsss_core.segmenters.one_stage_masks import above_cut, image_masks
from wsss_core.settings.base import SettingsError
from wsss_core.settings.one_stage import OneStagePredictionsSettings, OneStageSettings

FAST = {"scales": [1.0, 0.75], "canvas": 56}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder with a data stage and a network trained on its tags."""
    folder = tmp_path_factory.mktemp("trained")
    write_tiny_data(folder / "data")
    settings = OneStageSettings(
        network="small",
        crop=40,
        batch=3,
        epochs=40,
        classification_epochs=25,
        optimiser="adamw",
        learning_rate=0.004,
        new_layer_rate=1,
        validate_every_epochs=0,
    )
    one_stage.train(replace(tiny_context(folder / "segmenter", "segmenter", settings), method="one_stage"))
    return folder


def chosen(**settings: object) -> OneStagePredictionsSettings:
    return OneStagePredictionsSettings.parse({**FAST, **settings}, "predictions")


def context(trained, **settings: object):
    return tiny_context(trained / "p", "predictions", chosen(**settings), segmenter=trained / "segmenter")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mirror": False, "canvas": None},
        {"crf": {"iterations": 2}},
        {"crf": {"iterations": 2}, "crf_all_classes": False, "confidence": True},
        {"background": "power", "crf_background_power": None, "crf": {"iterations": 1}},
        {"crops": {"crop": 40}},
    ],
    ids=["plain", "no padding", "crf", "crf of the classes found", "power", "crops"],
)
def test_every_image_gets_a_label_map_of_its_size_with_known_labels(trained, changes):
    here = context(trained, **changes)
    process = processor(here)
    for record in here.manifest.select(["train", "val"]):
        row = process(record, {})
        assert row.label_HW.shape == (record.height, record.width)
        assert row.label_HW.dtype == np.uint8
        assert row.label_HW.max() < len(CLASSES)
        assert (row.confidence_HW is not None) == bool(changes.get("confidence"))


def test_squares_are_found_from_tags_alone(trained):
    here = context(trained, restrict_to_tags=True)
    process = processor(here)
    inside, outside = [], []
    for record in here.manifest.select(["train"]):
        label, truth = process(record, {}).label_HW, read_label_png(record.truth)
        assert set(np.unique(label)) <= {0, *record.tags}
        if record.tags:
            inside.append((label[truth > 0] == truth[truth > 0]).mean())
            outside.append((label[truth == 0] == 0).mean())
    assert np.mean(inside) > 0.5
    assert np.mean(outside) > 0.5


def test_tags_as_an_input_are_announced(trained, caplog):
    with caplog.at_level(logging.WARNING):
        processor(context(trained))
        assert "restrict_to_tags" not in caplog.text
        processor(context(trained, restrict_to_tags=True))
    assert "no validation results" in caplog.text


def test_the_number_of_copies_at_once_changes_nothing(trained):
    network, card = load_network(trained / "segmenter")
    image = read_image(context(trained).manifest.records[0].file)
    for changes in ({}, {"canvas": None}, {"crops": {"crop": 40}}):
        results = [
            image_scores(network, card.normalisation, image, chosen(views_per_batch=size, **changes), None)
            for size in (1, 8)
        ]
        np.testing.assert_allclose(*results, rtol=0, atol=1e-5)


def test_masks_of_classes_that_are_not_in_the_image_are_0(trained):
    network, card = load_network(trained / "segmenter")
    image = read_image(context(trained).manifest.records[0].file)
    masks = image_masks(network, card.normalisation, image, chosen(), lambda _: [2])
    assert not masks[1].any()
    assert masks[0].any()
    assert masks[2].any()
    assert not image_masks(network, card.normalisation, image, chosen(), lambda _: [])[1:].any()


def test_a_class_is_decided_by_its_most_certain_copy():
    assert above_cut(np.array([0.1, 0.2, 0.05]), 0.1) == [2]


def test_background_is_a_constant_or_a_power():
    masks = np.full((3, 2, 2), 0.5, np.float32)
    constant, power = chosen(), chosen(background="power", crf_background_power=None)
    assert (with_background(masks, constant)[0] == 0.25).all()
    np.testing.assert_allclose(with_background(masks, power)[0], 0.125)
    np.testing.assert_allclose(crf_input(with_background(masks, constant), constant)[0], 0.5**5)
    np.testing.assert_allclose(crf_input(with_background(masks, power), power)[0], 0.125)


def test_unknown_photographs_have_no_tags_to_be_restricted_to(trained):
    network, card = load_network(trained / "segmenter")
    image = read_image(context(trained).manifest.records[0].file)
    plain, restricted = (
        image_scores(network, card.normalisation, image, chosen(restrict_to_tags=flag), None) for flag in (False, True)
    )
    np.testing.assert_array_equal(plain, restricted)


def test_networks_of_other_classes_or_kinds_are_refused(trained, tmp_path):
    write_tiny_data(tmp_path / "data")
    for architecture, classes, error, text in (
        ("ws_fcn", ("cat",), ValueError, "knows the classes cat"),
        ("deeplab_v1", CLASSES[1:], TypeError, "expected a one-stage network .* found DeepLabV1"),
    ):
        card = NetworkCard("segmenter", "small", classes, IMAGENET_RGB, architecture=architecture)
        save_network(tmp_path / "net", card, card.build().state_dict())
        with pytest.raises(error, match=text):
            processor(tiny_context(tmp_path / "p", "predictions", chosen(), segmenter=tmp_path / "net"))


def test_a_network_in_training_mode_is_refused(trained):
    network, card = load_network(trained / "segmenter")
    with pytest.raises(ValueError, match="training mode"):
        image_masks(network.train(), card.normalisation, np.zeros((8, 8, 3), np.uint8), chosen(), lambda _: [])


def test_the_smallest_image_has_labels(trained):
    network, card = load_network(trained / "segmenter")
    for canvas in (None, 56):
        scores = image_scores(network, card.normalisation, np.zeros((1, 1, 3), np.uint8), chosen(canvas=canvas), None)
        assert scores.shape == (3, 1, 1)


def test_crops_need_a_canvas_that_holds_them():
    for canvas in (None, 39):
        with pytest.raises(SettingsError, match="`crops` needs a `canvas` of at least 40"):
            chosen(canvas=canvas, crops={"crop": 40})


def test_published_constants_are_the_defaults():
    settings = OneStagePredictionsSettings()
    assert (settings.scales, settings.mirror, settings.canvas) == ((1.0, 0.5, 1.5, 2.0), True, 1024)
    assert (settings.tag_cut, settings.background, settings.background_constant) == (0.1, "constant", 0.25)
    assert (settings.crf_background_power, settings.crf, settings.restrict_to_tags) == (5.0, None, False)
    assert settings.background_power == 3
