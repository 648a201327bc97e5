"""Checks of the stage cases of IRN: multi-scale CAMs with the labels made from them."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close, assert_equal
from golden.irn_labels import differing_share, label_settings
from golden.irn_setting import network
from golden.psa_setting import picture, tags

from wsss_core.affinity.ir_label import ir_label
from wsss_core.artifacts.cams import CamRow
from wsss_core.cams.multiscale import canvas_of, class_activation_grids
from wsss_core.networks.network import TagClassifier

SCALES = (1.0, 0.5, 1.5, 2.0)
CAM_TOLERANCE, CAM_ALLOWED = 2e-4, 2e-3  # absolute, of CAMs in 0..1; the second as the cases say
STRIDE = 4


def check_cams(case: Case) -> None:
    net, image_HW3 = network(case), picture(case)
    assert isinstance(net, TagClassifier)
    size_hw = image_HW3.shape[:2]
    with torch.inference_mode():
        grids = class_activation_grids(net.cam, image_HW3, SCALES, net.normalisation, tags(case))
    class_ids = np.array(tags(case), np.int32)
    row = CamRow(case.name, size_hw, class_ids, tuple(grids), canvas_of(size_hw, "cells", net.stride), normalise=True)
    assert_equal(class_ids - 1, case.arrays["keys"], f"{case.title}: classes")
    grid_hw = (-(-size_hw[0] // STRIDE), -(-size_hw[1] // STRIDE))
    scores_KHW = row.scores()
    for name, new in {"cam": row.scores_on(grid_hw), "high_res": scores_KHW}.items():
        limit = case.limit(CAM_TOLERANCE, CAM_ALLOWED)
        assert_close(new, case.arrays[name], limit, limit, f"{case.title}: {name}")
    label_HW = ir_label(image_HW3, scores_KHW, class_ids, label_settings(case))
    assert_agreement(label_HW, case.arrays["ir_label"], differing_share(case), f"{case.title}: ir_label")
