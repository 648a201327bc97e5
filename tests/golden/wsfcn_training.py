"""Checks of the recorded training steps of WS-FCN and its parent: losses, gradients, what follows the batch."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak, assert_equal, assert_relative
from golden.wsfcn_functions import unit_rgb
from golden.wsfcn_networks import DIFFERING_SHARE, assert_flags
from golden.wsfcn_setting import batch_of, compare_outputs, network, pictures
from torch import nn

from wsss_core.checkpoints.one_stage_layout import to_own_name
from wsss_core.networks.one_stage.one_stage_network import GatedNetwork, OneStageNetwork
from wsss_core.segmenters.mask_loss import mask_losses
from wsss_core.segmenters.one_stage import foreground_area
from wsss_core.segmenters.pseudo_labels import known_masks, pseudo_labels, refined_masks
from wsss_core.settings.one_stage import PseudoLabelSettings
from wsss_core.training.losses import multilabel_soft_margin

LOSS_TOLERANCE = 1e-3
GRADIENT_TOLERANCE = 1e-2
FOCAL_LAMBDA, ITERATIONS = "FOCAL_LAMBDA", "PAMR_ITER"


def config_number(case: Case, name: str, default: float) -> float:
    """A number of the case's config, as in "PAMR_ITER 10"."""
    found = re.search(rf"\b{name}\s+([\d.]+)", case.spec["input"].get("config", ""))
    return float(found[1]) if found else default


def step(case: Case, net: OneStageNetwork, tags_BC: torch.Tensor) -> dict[str, torch.Tensor]:
    """Everything that one training step computes."""
    settings = PseudoLabelSettings(iterations=int(config_number(case, ITERATIONS, 10)))
    image_B3HW, rgb_B3HW = batch_of(pictures(case)), unit_rgb(pictures(case))
    size_hw = (image_B3HW.shape[2], image_B3HW.shape[3])
    result = net.tags_and_scores(image_B3HW, config_number(case, FOCAL_LAMBDA, 0.01))
    refined_BKHW = refined_masks(result.scores_BKhw, rgb_B3HW, tags_BC, settings)
    label_BHW = pseudo_labels(refined_BKHW, settings)
    loss_cls = multilabel_soft_margin(result.tag_scores_BC, tags_BC)
    loss_mask_B = mask_losses(result.scores_BKhw, label_BHW, tags_BC)
    masks_BKHW = net.masks(result.scores_BKhw, size_hw, list(range(net.classes)))
    return {
        "cls": result.tag_scores_BC,
        "cls_fg": foreground_area(result.scores_BKhw, tags_BC),
        "cam": known_masks(masks_BKHW, tags_BC),
        "dec": refined_BKHW,
        "pseudo": label_BHW,
        "loss_cls": loss_cls,
        "loss_mask": loss_mask_B,
        "loss": loss_cls + loss_mask_B.mean(),
        "logits": result.scores_BKhw[:, 1:],
    }


def check_losses(case: Case) -> None:
    net = network(case)
    found = step(case, net, torch.from_numpy(case.arrays["labels"]).float())
    found["loss"].backward()
    values = {name: value.detach().numpy() for name, value in found.items()}
    compare_outputs(case, {name: values[name] for name in ("cls", "cls_fg", "cam", "dec")}, 0)
    compare_outputs(case, {"pseudo": values["pseudo"]}, DIFFERING_SHARE)
    for name in ("loss_cls", "loss"):
        assert_relative(float(values[name]), float(case.arrays[name]), LOSS_TOLERANCE, f"{case.title}: {name}")
    assert_close_to_peak(values["loss_mask"], case.arrays["loss_mask"], LOSS_TOLERANCE, f"{case.title}: loss_mask")
    parameters = dict(net.named_parameters())
    for name, recorded in case.arrays.items():
        what, _, published = name.partition(":")
        if not published:
            continue
        gradient = parameters[to_own_name(published)].grad
        assert gradient is not None, f"{case.title}: {published} has no gradient"
        if what == "gradnorm":
            assert_relative(float(gradient.norm()), float(recorded), GRADIENT_TOLERANCE, f"{case.title}: {name}")
        else:
            stride = max(1, gradient.numel() // 512) | 1
            part = gradient.flatten()[::stride][:512].numpy()
            assert_close_to_peak(part, recorded, GRADIENT_TOLERANCE, f"{case.title}: {name}")
    net.zero_grad(set_to_none=True)


def check_training_mode(case: Case) -> None:
    net = network(case)
    assert isinstance(net, GatedNetwork)
    chances = {module: module.p for module in net.modules() if isinstance(module, nn.Dropout | nn.Dropout2d)}
    share = net.gate.shallow_share
    try:
        for module in chances:
            module.p = 0.0
        net.gate.shallow_share = config_number(case, "SG_PSI", 0.0)
        net.train()
        tags_BC = torch.zeros(case.spec["input"]["batch"], net.classes - 1)
        tags_BC[:, [int(number) for number in re.findall(r"\d+", case.spec["input"]["labels"].split("(")[0])]] = 1
        with torch.no_grad():
            found = step(case, net, tags_BC)
    finally:
        for module, chance in chances.items():
            module.p = chance
        net.gate.shallow_share = share
        net.eval()
    compare_outputs(case, {name: found[name].numpy() for name in ("cls", "logits")}, 0)
    recorded_loss = case.arrays["loss_mask"]
    assert_close_to_peak(found["loss_mask"].numpy(), recorded_loss, LOSS_TOLERANCE, f"{case.title}: loss_mask")
    check_statistics(case, net)
    assert_flags(case, net)


def check_statistics(case: Case, net: OneStageNetwork) -> None:
    """Running statistics after the step: every recorded BatchNorm, moved or not."""
    state = net.state_dict()
    for name, recorded in case.arrays.items():
        if name.endswith("num_batches_tracked"):
            assert_equal(state[to_own_name(name)].numpy(), recorded, f"{case.title}: {name}")
        elif "running_" in name:
            values = state[to_own_name(name)].numpy()
            step_of = max(1, -(-len(values) // len(recorded)))
            assert_close_to_peak(np.asarray(values[::step_of]), recorded, 2e-3, f"{case.title}: {name}")
