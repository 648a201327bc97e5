"""Checks of the recorded losses and gradients of IRNet training."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal, assert_relative
from golden.irn_networks import LOSS_TOLERANCE, check_gradients, input_of
from golden.irn_setting import network, read_json
from golden.psa_functions import stated

from wsss_core.affinity.irnet_losses import irnet_loss
from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.paths import path_affinity, path_offsets
from wsss_core.networks.irnet import IRNet


def check_irn_loss(case: Case) -> None:
    net, image_3HW = network(case), input_of(case)
    assert isinstance(net, IRNet)
    net.zero_grad(set_to_none=True)
    net.train()
    radius = int(stated("radius", case.spec["preprocess"]))
    label_hw = case.arrays["label_map"]
    for name, targets in zip(
        ("bg_pos", "fg_pos", "neg"), pair_targets(label_hw, radius, path_offsets(radius)), strict=True
    ):
        assert_equal(targets.sum(axis=1), case.arrays[name], f"{case.title}: {name}")
    logits_B1hw, displacement_B2hw = net(torch.stack([image_3HW, image_3HW.flip(-1)]))
    label_Bhw = torch.from_numpy(np.stack([label_hw] * len(logits_B1hw)))
    affinity_BPn = path_affinity(torch.sigmoid(logits_B1hw[:, 0]), radius)
    loss = irnet_loss(affinity_BPn, displacement_B2hw, pair_targets(label_Bhw, radius, path_offsets(radius)), radius)
    values = {
        "total_loss": loss.total,
        "pos_aff_loss": loss.positive,
        "neg_aff_loss": loss.negative,
        "dp_fg_loss": loss.displacement_foreground,
        "dp_bg_loss": loss.displacement_background,
    }
    for name, value in values.items():
        assert_relative(value.item(), float(case.arrays[name][0]), LOSS_TOLERANCE, f"{case.title}: {name}")
    loss.total.backward()
    check_gradients(net, case)
    check_parameter_groups(net, case)
    net.zero_grad(set_to_none=True)
    net.eval()


def check_parameter_groups(net: IRNet, case: Case) -> None:
    recorded = read_json(str(case.side_file(f"{case.spec['network']}.param_groups.json")))
    groups = [sorted(names) for names in net.parameter_groups()]
    assert groups == [sorted(names) for names in recorded["groups"]], f"{case.title}: parameter groups"
