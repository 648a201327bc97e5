"""How the background competes with the classes: shared by all seed methods, so that they differ in one thing each."""

from collections.abc import Sequence

import numpy as np

from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE
from wsss_core.cams.foreground import best_foreground, has_own_background, power_background
from wsss_core.label_ids import BACKGROUND, IGNORE, as_labels
from wsss_core.settings.seeds import BackgroundRule


def with_background(
    scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, rule: BackgroundRule
) -> tuple[np.ndarray, np.ndarray]:
    """Scores with a background channel first (K', H, W) float32, and the label id of each channel.

    The argmax of the result (first of equals: the background wins ties) is the label under `rule`:
    - scores with a background of their own (id 0 first) keep it; with a threshold t the classes are compared by their
      share fg / (fg + bg) with t instead;
    - otherwise the background is the threshold t everywhere, or (1 - largest score)^alpha.
    One of `threshold` and `alpha` must be given unless the scores bring their own background.
    """
    ids = as_labels(class_ids)
    scores = scores_KHW.astype(np.float32, copy=False)
    if has_own_background(ids):
        if rule.threshold is None:
            return scores, ids
        foreground, ids = _shares(scores), ids[1:]
    else:
        foreground = scores
    if rule.threshold is not None:
        background = np.full(foreground.shape[1:], rule.threshold, np.float32)
    elif rule.alpha is not None:
        background = power_background(foreground, rule.alpha)
    else:
        raise ValueError("expected a threshold or an alpha for scores without a background channel, found neither")
    return np.concatenate([background[None], foreground]), as_labels(np.concatenate([[BACKGROUND], ids]))


def _shares(scores_KHW: np.ndarray) -> np.ndarray:
    """fg / (best fg + bg) of every class (K-1, H, W), 0 where both are 0.

    That is `best_foreground`'s value for the strongest class. The others stay below it by at least one rounding step,
    so that a division cannot make two different scores tie and give the pixel to the wrong class.
    """
    foreground = scores_KHW[1:]
    best_HW = foreground.max(axis=0, initial=0)
    total_HW = best_HW + scores_KHW[0]
    shares = np.divide(foreground, total_HW, out=np.zeros_like(foreground), where=total_HW > 0)
    below_best_HW = np.nextafter(shares.max(axis=0, initial=0), np.float32(-1))
    return np.where(foreground < best_HW, np.minimum(shares, below_best_HW), shares)


def default_rule(rule: BackgroundRule, threshold: float | None = None, alpha: float | None = None) -> BackgroundRule:
    """The rule with the method's own default where the settings give neither a threshold nor an alpha.

    The default is for scores without a background channel; apply it only to them.
    """
    if rule.threshold is not None or rule.alpha is not None:
        return BackgroundRule(threshold=rule.threshold, alpha=rule.alpha)
    return BackgroundRule(threshold=threshold, alpha=alpha)


def label_of(scores_KHW: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
    """Label ids (H, W) of the channel with the highest score, the first of equals."""
    return as_labels(class_ids)[scores_KHW.argmax(axis=0)]


def ignore_band(
    label_HW: np.ndarray, scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, ignore_below: float
) -> np.ndarray:
    """The label map with 255 on background pixels whose strongest class is above `ignore_below`.

    `scores_KHW` are the scores before a background was added (their shares, if they bring their own).
    """
    _, value_HW = best_foreground(scores_KHW, class_ids)
    return np.where((label_HW == BACKGROUND) & (value_HW > np.float32(ignore_below)), IGNORE, label_HW)


def margin_confidence(scores_KHW: np.ndarray) -> np.ndarray:
    """Confidence (H, W) uint8, 255 = certain: how far the best channel leads the second, relative to the best.

    With one channel there is no rival: 255. Where all scores are 0: 0.
    """
    if len(scores_KHW) == 1:
        return np.full(scores_KHW.shape[1:], MAXIMUM_CONFIDENCE, np.uint8)
    ordered = np.partition(scores_KHW, len(scores_KHW) - 2, axis=0)
    best, second = ordered[-1], np.maximum(ordered[-2], 0)
    margin = np.divide(best - second, best, out=np.zeros_like(best), where=best > 0)
    return np.rint(margin * MAXIMUM_CONFIDENCE).astype(np.uint8)
