"""Check of the instance cases of IRN: centroids, the instance map, detected pieces."""

import re

import numpy as np
from golden.cases import Case
from golden.compare import assert_agreement, assert_close_to_peak, assert_equal
from golden.synthetic import synthetic_input

from wsss_core.instances.centroids import instance_map, refine_centroids
from wsss_core.instances.pieces import connected_pieces

TIED_SHARE = 0.002  # of the cells: positions half way between two cells
SCORE_TOLERANCE = 1e-5
MINIMUM_SHARE = 0.01


def check_instances(case: Case) -> None:
    displacement = case.arrays["displacement"]
    centroids = refine_centroids(displacement)
    assert_agreement(centroids, case.arrays["centroids"], TIED_SHARE, f"{case.title}: centroids")
    one_hot = instance_map(displacement, case.arrays["centroids"].astype(np.int64))
    assert_equal(one_hot, case.arrays["instance_map"], f"{case.title}: instance_map")
    check_pieces(case, one_hot)


def check_pieces(case: Case, instance_Ihw: np.ndarray) -> None:
    """The scores of the recipe, on the instance map enlarged by repetition; the class is stated in the recipe."""
    recipe = case.spec["input"]
    factor = int(re.search(r"enlarged (\d+)x", recipe)[1])  # type: ignore[index]
    label = int(re.search(r"class (\d+)", recipe)[1])  # type: ignore[index]
    mask_IHW = instance_Ihw.repeat(factor, axis=1).repeat(factor, axis=2)
    score_IHW = np.abs(synthetic_input("sc", mask_IHW.shape, case.spec["weight_seed"]))
    owner_HW = (mask_IHW * np.arange(1, len(mask_IHW) + 1)[:, None, None]).max(axis=0, initial=0)
    score_HW = (score_IHW * mask_IHW).max(axis=0, initial=0)
    pieces = list(connected_pieces(owner_HW, score_HW, MINIMUM_SHARE * owner_HW.size))
    sizes, labels = [piece.mask_HW.sum() for piece in pieces], [label] * len(pieces)
    assert_equal(np.array(sizes), case.arrays["det_mask_size"], f"{case.title}: det_mask_size")
    assert_equal(np.array(labels), case.arrays["det_class"], f"{case.title}: det_class")
    scores = np.array([piece.score for piece in pieces])
    assert_close_to_peak(scores, case.arrays["det_score"], SCORE_TOLERANCE, f"{case.title}: det_score")
