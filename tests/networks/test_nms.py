import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.networks.nms import nms, nms_in_torch

COORDINATE = st.integers(0, 12)
BOXES = st.lists(st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE, st.integers(0, 5)), max_size=12)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = float(np.prod(np.maximum(sides, 0)))
    union = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - common
    return common / union if union > 0 else 0.0


def one_by_one(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """The definition, box after box."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if all(iou(boxes[index], boxes[other]) <= threshold for other in kept):
            kept.append(int(index))
    return kept


@given(BOXES, st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]))
def test_result_is_that_of_the_definition(rows, threshold):
    corners = np.array([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d, _ in rows], np.float32).reshape(
        -1, 4
    )
    scores = np.array([row[4] for row in rows], np.float32)
    kept = nms_in_torch(torch.from_numpy(corners), torch.from_numpy(scores), threshold)
    assert kept.tolist() == one_by_one(corners, scores, threshold)
    assert kept.dtype == torch.int64
    assert nms(torch.from_numpy(corners), torch.from_numpy(scores), threshold).tolist() == kept.tolist()


def test_overlap_equal_to_the_threshold_is_kept():
    boxes = torch.tensor([[0.0, 0, 2, 1], [0, 0, 1, 1]])  # overlap exactly 0.5
    assert nms(boxes, torch.tensor([1.0, 0.5]), 0.5).tolist() == [0, 1]
    assert nms(boxes, torch.tensor([1.0, 0.5]), 0.49).tolist() == [0]


def test_no_boxes_give_no_indices():
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


@pytest.mark.parametrize(("boxes", "scores"), [((3, 5), (3,)), ((3, 4), (2,)), ((4,), (4,)), ((3, 4), (3, 1))])
def test_shapes_that_do_not_belong_together_are_refused(boxes, scores):
    with pytest.raises(ValueError, match="nms needs boxes"):
        nms(torch.zeros(boxes), torch.zeros(scores), 0.5)
