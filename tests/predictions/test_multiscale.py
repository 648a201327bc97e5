"""Label maps of a trained segmentation network."""

from dataclasses import replace

import numpy as np
import pytest
from training.tiny_data import CLASSES, tiny_context, write_tiny_data

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png
from wsss_core.predictions.label_row import label_row
from wsss_core.predictions.multiscale import processor, refined, restricted
from wsss_core.segmenters import deeplab
from wsss_core.settings.base import SettingsError
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.predictions import MultiscalePredictionsSettings
from wsss_core.settings.segmenter import DeepLabV1Settings


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder with a data stage and a segmenter trained on its ground truth."""
    folder = tmp_path_factory.mktemp("trained")
    write_tiny_data(folder / "data")
    settings = DeepLabV1Settings(network="small", crop=40, batch=3, epochs=25, learning_rate=0.02, labels="truth")
    deeplab.train(replace(tiny_context(folder / "segmenter", "segmenter", settings), method="deeplab_v1"))
    return folder


def context(trained, **settings: object):
    chosen = MultiscalePredictionsSettings.parse({"scales": [0.75, 1.0], **settings}, "predictions")
    return tiny_context(trained / "predictions", "predictions", chosen, segmenter=trained / "segmenter")


@pytest.mark.parametrize("changes", [{}, {"average": "logits", "mirror": False}, {"crf": {}}, {"max_pixels": 1200}])
def test_trained_images_are_mostly_labelled_as_they_were_learnt(trained, changes):
    here = context(trained, **changes)
    process = processor(here)
    for record in here.manifest.select(["train"]):
        row = process(record, {})
        truth = read_label_png(record.truth)
        assert (row.image_id, row.label_HW.shape, row.label_HW.dtype) == (record.image_id, truth.shape, np.uint8)
        assert row.confidence_HW is None
        assert (row.label_HW == truth).mean() > 0.8


def test_confidence_is_stored_when_wanted_and_high_where_it_is_right(trained):
    here = context(trained, confidence=True)
    record = here.manifest.records[0]
    row = processor(here)(record, {})
    right = row.label_HW == read_label_png(record.truth)
    assert row.confidence_HW is not None
    assert row.confidence_HW[right].mean() > row.confidence_HW[~right].mean()


def test_restricted_to_tags_no_other_class_appears(trained):
    here = context(trained, restrict_to_tags=True)
    process = processor(here)
    for record in here.manifest.records:
        other = type(record)(**{**vars(record), "tags": (1,)})
        assert 2 not in process(other, {}).label_HW


def test_a_single_pixel_is_labelled(trained, tmp_path):
    import cv2

    path = tmp_path / "pixel.png"
    cv2.imwrite(str(path), np.full((1, 1, 3), 90, np.uint8))
    row = processor(context(trained, crf={}))(ImageRecord("pixel", str(path), 1, 1, ("val",), 0), {})
    assert row.label_HW.shape == (1, 1)


def test_a_network_of_other_classes_is_refused(trained, tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    type(manifest)(("background", "cat", "dog"), manifest.records, "x", "x").write(tmp_path / "data/manifest.arrow")
    settings = MultiscalePredictionsSettings()
    other = tiny_context(tmp_path / "predictions", "predictions", settings, segmenter=trained / "segmenter")
    with pytest.raises(ValueError, match=r"knows the classes red thing, green thing, the data has cat, dog"):
        processor(other)


def test_restriction_keeps_proportions_and_the_background():
    scores = np.array([0.2, 0.3, 0.5], np.float32).reshape(3, 1, 1)
    assert restricted(scores, (1,)).ravel().tolist() == pytest.approx([0.4, 0.6, 0.0])
    assert restricted(scores, ()).ravel().tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert restricted(np.array([0.0, 0.0, 1.0], np.float32).reshape(3, 1, 1), ()).sum() == 0


def test_the_crf_leaves_out_classes_that_are_nowhere(trained):
    image = read_image(context(trained).manifest.records[0].file)
    scores = np.zeros((4, *image.shape[:2]), np.float32)
    scores[0], scores[1, :20], scores[2] = 0.5, 0.49, 0.001
    result = refined(image, scores, CrfSettings(), 0.01)
    assert result.shape == scores.shape
    assert result[2].max() == 0
    assert result[3].max() == 0
    np.testing.assert_allclose(result.sum(axis=0), 1, atol=1e-4)


def test_of_equal_probabilities_the_lower_label_wins():
    row = label_row("a", np.full((len(CLASSES), 1, 2), 1 / 3, np.float32), True)
    assert row.label_HW.tolist() == [[0, 0]]
    assert row.confidence_HW.tolist() == [[85, 85]]


def test_unknown_settings_are_refused():
    with pytest.raises(SettingsError, match="did you mean 'mirror'"):
        MultiscalePredictionsSettings.parse({"miror": True}, "predictions")
