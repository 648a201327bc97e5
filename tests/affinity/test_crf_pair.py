"""The low- and high-alpha CRF stacks."""

import numpy as np
import pytest

from wsss_core.affinity.crf_pair import crf_pair
from wsss_core.settings.crf import CrfSettings


def scene() -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).integers(0, 256, (20, 24, 3)).astype(np.uint8)
    scores = np.linspace(0, 1, 24, dtype=np.float32)[None, None].repeat(20, axis=1)
    return image, scores


def test_foreground_of_low_is_inside_foreground_of_high() -> None:
    low, high = crf_pair(*scene(), 4, 32, CrfSettings(iterations=3))
    low_foreground, high_foreground = low.argmax(axis=0) > 0, high.argmax(axis=0) > 0
    assert not (low_foreground & ~high_foreground).any()
    assert 0 < low_foreground.sum() < high_foreground.sum()


def test_an_image_without_classes_is_all_background() -> None:
    low, high = crf_pair(scene()[0], np.zeros((0, 20, 24), np.float32), 4, 32, CrfSettings(iterations=3))
    assert low.shape == high.shape == (1, 20, 24)
    assert low.min() == high.min() == 1.0


def test_swapped_alphas_are_refused() -> None:
    with pytest.raises(ValueError, match="0 < low_alpha < high_alpha, found 32 and 4"):
        crf_pair(*scene(), 32, 4, CrfSettings(iterations=3))
