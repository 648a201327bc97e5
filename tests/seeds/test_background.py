"""How the background competes, and the confidence of the winner."""

import numpy as np
import pytest

from wsss_core.seeds.background import default_rule, label_of, margin_confidence, with_background
from wsss_core.settings.seeds import BackgroundRule


def column(*scores: float) -> np.ndarray:
    return np.array(scores, np.float32).reshape(-1, 1, 1)


def test_threshold_is_a_constant_channel_and_wins_ties() -> None:
    scores, ids = with_background(column(0.25, 0.1), [4, 9], BackgroundRule(threshold=0.25))
    assert ids.tolist() == [0, 4, 9]
    assert label_of(scores, ids)[0, 0] == 0
    scores, ids = with_background(column(0.26, 0.1), [4, 9], BackgroundRule(threshold=0.25))
    assert label_of(scores, ids)[0, 0] == 4


def test_alpha_makes_a_power_background() -> None:
    scores, _ = with_background(column(0.5, 0.1), [4, 9], BackgroundRule(alpha=2))
    np.testing.assert_allclose(scores[:, 0, 0], [0.25, 0.5, 0.1])


def test_own_background_is_kept_and_alpha_does_not_touch_it() -> None:
    scores, ids = with_background(column(0.3, 0.2), [0, 9], BackgroundRule(alpha=2))
    np.testing.assert_allclose(scores[:, 0, 0], [0.3, 0.2])
    assert label_of(scores, ids)[0, 0] == 0


def test_threshold_on_own_background_compares_the_share() -> None:
    scores, ids = with_background(column(0.3, 0.2), [0, 9], BackgroundRule(threshold=0.39))
    np.testing.assert_allclose(scores[:, 0, 0], [0.39, 0.4])
    assert label_of(scores, ids)[0, 0] == 9


def test_label_255_fits_no_class_and_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="found neither"):
        with_background(column(0.3), [1], BackgroundRule())


def test_the_settings_go_before_the_default() -> None:
    assert default_rule(BackgroundRule(alpha=3), threshold=0.2).threshold is None
    assert default_rule(BackgroundRule(), threshold=0.2).threshold == 0.2


@pytest.mark.parametrize(
    ("scores", "confidence"),
    [((0.5,), 255), ((0.8, 0.8), 0), ((0.8, 0.0, 0.0), 255), ((0.0, 0.0), 0), ((0.2, 0.1, 0.4), 128)],
)
def test_confidence_is_the_lead_over_the_second(scores: tuple[float, ...], confidence: int) -> None:
    result = margin_confidence(column(*scores))
    assert result.dtype == np.uint8
    assert result[0, 0] == confidence
