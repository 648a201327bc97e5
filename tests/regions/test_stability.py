import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.regions.stability import stability_score

LOGITS = arrays("float32", (3, 4, 5), elements=st.floats(-4, 4, width=16))


@given(LOGITS, st.sampled_from([0.25, 1.0]), st.sampled_from([0.0, 0.5]))
def test_score_is_the_iou_of_the_two_cuts(logits, offset, threshold):
    scores = stability_score(torch.from_numpy(logits), offset, threshold)
    for logit_HW, score in zip(logits, scores.tolist(), strict=True):
        inner, outer = logit_HW > threshold + offset, logit_HW > threshold - offset
        if outer.any():
            assert abs(score - (inner & outer).sum() / (inner | outer).sum()) < 1e-6
        else:
            assert score != score


def test_sharp_masks_score_one_and_empty_ones_pass_no_threshold():
    sharp = torch.full((1, 3, 3), -9.0)
    empty = sharp.clone()
    sharp[0, 1, 1] = 9.0
    assert stability_score(sharp, 1.0).item() == 1.0
    assert not (stability_score(empty, 1.0) >= 0.0).item()
