"""CRF seeds."""

import numpy as np

from wsss_core.seeds.crf import crf_seed
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.seeds import CrfSeedsSettings


def blob() -> tuple[np.ndarray, np.ndarray]:
    """A bright disc on a dark ground whose scores cover only its middle."""
    y, x = np.mgrid[:40, :40]
    radius = np.hypot(y - 20, x - 20)
    image = np.where(radius < 14, 200, 30).astype(np.uint8)[..., None].repeat(3, axis=2)
    return image, np.clip(1 - radius / 16, 0, 1).astype(np.float32)[None]


def test_labels_follow_the_outline_of_the_object() -> None:
    image, scores = blob()
    label, _ = crf_seed(image, scores, [7], CrfSeedsSettings())
    assert np.mean((label == 7) == (image[..., 0] == 200)) > 0.97
    assert set(np.unique(label)) == {0, 7}


def test_own_background_is_used() -> None:
    image, scores = blob()
    label, _ = crf_seed(
        image, np.concatenate([1 - scores, scores]), [0, 7], CrfSeedsSettings(crf=CrfSettings(iterations=0))
    )
    np.testing.assert_array_equal(label == 7, scores[0] > 0.5)


def test_threshold_background_gives_other_seeds_than_the_power() -> None:
    image, scores = blob()
    settings = CrfSeedsSettings(threshold=0.9, crf=CrfSettings(iterations=0))
    label, confidence = crf_seed(image, scores, [7], settings.model_copy(update={"confidence": True}))
    np.testing.assert_array_equal(label == 7, scores[0] > 0.9)
    assert confidence is not None
    assert confidence.min() >= 127, "the winner of two labels has at least half of the probability"


def test_an_image_without_classes_is_background() -> None:
    image, _ = blob()
    label, _ = crf_seed(image, np.zeros((0, 40, 40), np.float32), [], CrfSeedsSettings())
    assert label.max() == 0
