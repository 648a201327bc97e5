"""Checks of the stage cases of IRN that walk: label maps by the walk within the network's boundaries."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close_to_peak
from golden.irn_networks import input_of
from golden.irn_setting import network
from golden.psa_functions import stated

from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.boundary_walk import refined_row
from wsss_core.artifacts.cams import CamRow
from wsss_core.networks.irnet import IRNet, canvas_of, edge_map
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.refined_cams import BoundaryWalkSettings
from wsss_core.settings.seeds import ArgmaxSettings

WALK_TOLERANCE, WALK_ALLOWED = 3e-4, 5e-3  # of the maximum; the second as the cases say
DIFFERING_SHARE = 0.005


def check_sem_seg(case: Case) -> None:
    parameters = case.spec["parameters"]
    settings = BoundaryWalkSettings(
        beta=parameters["beta"],
        log2_steps=parameters["exp_times"],
        canvas=int(stated("crop_size", case.spec["original"])),
    )
    cams = case.arrays_of(case.spec["input"]["cams_from_case"])
    net, image_3HW = network(case), input_of(case)
    assert isinstance(net, IRNet)
    size_hw = (image_3HW.shape[1], image_3HW.shape[2])
    with torch.inference_mode():
        edge_hw = edge_map(net, image_3HW, canvas_of(size_hw, settings.canvas))
    edge = edge_hw.numpy()
    walked = walk_within_boundaries(cams["cam"], edge, settings.beta, 2**settings.log2_steps)
    limit = case.limit(WALK_TOLERANCE, WALK_ALLOWED)
    assert_close_to_peak(walked, case.arrays["rw"], limit, f"{case.title}: rw")
    class_ids = (cams["keys"] + 1).astype(np.int32)
    row = refined_row(CamRow(case.name, size_hw, class_ids, (cams["cam"],), size_hw, False), edge, settings)
    label, _ = argmax_seed(row.scores(), row.class_ids, ArgmaxSettings(threshold=parameters["background"]))
    assert_agreement(label, case.arrays["pred"], DIFFERING_SHARE, f"{case.title}: pred")
