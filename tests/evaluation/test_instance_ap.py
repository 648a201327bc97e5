"""Average precision of instances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.evaluation.instance_ap import average_precision, hits, mask_iou

RANKED = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), max_size=12)


def area_by_sweep(score_I: np.ndarray, hit_I: np.ndarray, truth_count: int) -> float:
    """The area in its plain form: at every level of recall, the highest precision that is reached there or beyond."""
    hit = hit_I[np.argsort(-score_I, kind="stable")]
    precision = [hit[: n + 1].mean() for n in range(len(hit))]
    recall = [hit[: n + 1].sum() / truth_count for n in range(len(hit))]
    area, last = 0.0, 0.0
    for level in sorted(set(recall)):
        reached = [p for p, r in zip(precision, recall, strict=True) if r >= level]
        area += (level - last) * max(reached)
        last = level
    return area


@given(RANKED, st.integers(0, 5))
def test_area_equals_its_plain_form(ranked: list[tuple[float, bool]], missed: int) -> None:
    score_I, hit_I = np.array([s for s, _ in ranked]), np.array([h for _, h in ranked], bool)
    truth_count = int(hit_I.sum()) + missed + 1
    area = average_precision(score_I, hit_I, truth_count)
    assert area == pytest.approx(area_by_sweep(score_I, hit_I, truth_count))
    assert 0 <= area < 1


def test_the_precision_is_that_of_the_envelope() -> None:
    # precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3: the envelope is 1 up to 1/3 and 2/3 up to 2/3
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 3) == pytest.approx(5 / 9)


def test_predictions_are_sorted_by_score_over_all_images() -> None:
    scores, hit = np.array([0.2, 0.9]), np.array([False, True])
    assert average_precision(scores, hit, 1) == 1
    assert average_precision(scores[::-1], hit, 1) == 0.5


def test_a_class_without_truth_has_no_figure_and_one_without_predictions_has_zero() -> None:
    assert np.isnan(average_precision(np.array([0.5]), np.array([False]), 0))
    assert average_precision(np.zeros(0), np.zeros(0, bool), 2) == 0


def test_a_true_instance_is_hit_once_and_there_is_no_second_choice() -> None:
    iou_IG = np.array([[0.6, 0.55], [0.7, 0.65], [0.2, 0.5], [0.4, 0.1]])
    label_I, label_G = np.full(4, 6), np.full(2, 6)
    np.testing.assert_array_equal(hits(iou_IG, label_I, label_G, 0.5), [True, False, True, False])
    np.testing.assert_array_equal(hits(iou_IG, label_I, label_G, 0.7), [False, True, False, False])


def test_only_true_instances_of_the_same_class_are_hit() -> None:
    iou_IG = np.array([[0.9, 0.6], [0.9, 0.6]])
    np.testing.assert_array_equal(hits(iou_IG, np.array([2, 3]), np.array([1, 2]), 0.5), [True, False])


def test_without_truth_nothing_is_hit() -> None:
    nothing = np.zeros(0, np.int32)
    np.testing.assert_array_equal(hits(np.zeros((2, 0)), np.array([1, 2]), nothing, 0.5), [False, False])
    assert hits(np.zeros((0, 2)), nothing, np.array([1, 2]), 0.5).shape == (0,)


@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.integers(0, 3))
def test_iou_equals_that_of_plain_masks(seed: int, predicted: int, objects: int) -> None:
    rng = np.random.default_rng(seed)
    object_HW = rng.choice([0, 255, *range(1, objects + 1)], (5, 6)).astype(np.uint8)
    masks = rng.random((predicted, 5, 6)) < 0.5
    iou_IG = mask_iou(iter(masks), object_HW, np.arange(1, objects + 1))
    assert iou_IG.shape == (predicted, objects)
    for place, mask_HW in enumerate(masks):
        for number in range(1, objects + 1):
            truth_HW = object_HW == number
            union = (mask_HW | truth_HW).sum()
            assert iou_IG[place, number - 1] == pytest.approx((mask_HW & truth_HW).sum() / union if union else 0)
