"""Average precision of tag scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.classifiers.average_precision import average_precision, average_precisions, mean_average_precision


def test_a_worked_example():
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    truth = np.array([True, False, True, False])
    assert average_precision(scores, truth) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_class_without_positives_has_no_figure_and_does_not_enter_the_mean():
    tags = np.array([[1, 0], [0, 0]])
    figures = average_precisions(np.array([[2.0, 0.0], [1.0, 0.0]]), tags, ("cat", "dog"))
    assert figures == {"cat": 1.0, "dog": None}
    assert mean_average_precision(figures) == 1.0
    assert mean_average_precision({"dog": None}) is None


def test_equal_scores_give_the_share_of_positives():
    assert average_precision(np.zeros(8), np.arange(8) < 2) == pytest.approx(0.25)


def test_scores_and_truth_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        average_precision(np.zeros(2), np.ones(3))


images = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=30)


@given(images, st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter(values, random):
    shuffled = random.sample(values, len(values))
    both = [average_precision(*(np.array(side) for side in zip(*rows, strict=True))) for rows in (values, shuffled)]
    assert both[0] == pytest.approx(both[1]) if any(positive for _, positive in values) else both == [None, None]


@given(images)
def test_a_growing_map_of_the_scores_changes_nothing_and_the_figure_lies_in_0_to_1(values):
    scores, truth = (np.array(side) for side in zip(*values, strict=True))
    figure = average_precision(scores, truth)
    assert figure == average_precision(np.exp(scores), truth)
    assert figure is None or 0 < figure <= 1
