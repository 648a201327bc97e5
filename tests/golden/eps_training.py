"""Checks of the training cases: one step of Base, EPS and DeepLab v2; the saliency loss on its own."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak, assert_equal, assert_relative
from golden.eps_gradients import check_gradients
from golden.eps_setting import (
    block_repeat,
    caffe_inputs,
    call_arguments,
    label_map,
    network,
    normal_input,
    number,
    numbers,
    saliency_maps,
    tag_matrix,
)
from torch import nn

from wsss_core.classifiers.saliency_loss import SaliencyLoss, on_grid, overlap, saliency_loss
from wsss_core.networks.eps_classifier import EpsClassifier
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.scores import grid_labels
from wsss_core.training.losses import cross_entropy, multilabel_soft_margin

LOSS_TOLERANCE, MAP_TOLERANCE = 1e-4, 1e-4
SCALES = ("100", "050", "075", "max")
BLOCK = 8


def in_training_mode(case: Case) -> nn.Module:
    """The case's network frozen as in its recipe, with every dropout switched off."""
    net = network(case)
    net.freeze()
    net.train()
    net.zero_grad(set_to_none=True)
    for module in net.modules():
        if isinstance(module, nn.Dropout2d):
            module.eval()
    return net


def put_back(net: nn.Module) -> None:
    """Undo what a training case does to a network that other cases share."""
    net.requires_grad_(True)
    net.zero_grad(set_to_none=True)
    net.eval()


def check_base_step(case: Case) -> None:
    net, text = in_training_mode(case), case.spec["inputs"]
    scores_BC = net(torch.from_numpy(normal_input(text)))
    loss = multilabel_soft_margin(scores_BC, tag_matrix(text, scores_BC.shape[1]))
    loss.backward()
    check_values(case, {"pred": scores_BC, "loss": loss})
    check_gradients(case, net)
    put_back(net)


def check_eps_step(case: Case) -> None:
    net, text = in_training_mode(case), case.spec["inputs"]
    assert isinstance(net, EpsClassifier)
    x = torch.from_numpy(normal_input(text))
    maps_BKhw = net.all_maps(x)
    tags_BC = tag_matrix(text, net.classes)
    tau, lam = (number(case.spec["original"], rf"{name}=#") for name in ("tau", "lam"))
    found = saliency_loss(maps_BKhw, saliency_maps(text, len(x)), tags_BC, tau, lam)
    of_tags = multilabel_soft_margin(net.tag_scores(maps_BKhw), tags_BC)
    loss = of_tags + found.loss
    loss.backward()
    losses = {"loss_cls": of_tags, "loss_sal": found.loss, "loss": loss, "pred": maps_BKhw.mean(dim=(2, 3))}
    check_values(case, {**losses, **maps_of(found), "sal_pred": found.estimate_B1hw})
    check_gradients(case, net)
    put_back(net)


def maps_of(found: SaliencyLoss) -> dict[str, torch.Tensor]:
    """The recorded background map is the complement of ours."""
    return {"fg_map": found.foreground_B1hw, "bg_map": 1 - found.background_B1hw}


def map_limit(case: Case) -> float:
    """Largest difference of maps and losses, as a share of the maximum."""
    return case.limit(MAP_TOLERANCE, case.spec["tolerance"]["rtol"])


def check_values(case: Case, values: dict[str, torch.Tensor]) -> None:
    """Losses and maps of a training step; all that was recorded but names and gradients is among the values."""
    recorded = {name for name in case.arrays if not name.startswith(("grad_", "no_grad_"))}
    assert recorded == set(values), f"{case.title}: {recorded ^ set(values)}"
    for name, value in values.items():
        assert_close_to_peak(value.detach().numpy(), case.arrays[name], map_limit(case), f"{case.title}: {name}")


def check_saliency_loss(case: Case) -> None:
    text = case.spec["inputs"]
    maps_BKhw = torch.from_numpy(np.float32(number(text, r"cam = #\*")) * normal_input(text)).requires_grad_()
    saliency_B1HW = saliency_maps(text, len(maps_BKhw))
    tags_BC = tag_matrix(text, maps_BKhw.shape[1] - 1)
    small = on_grid(saliency_B1HW, (maps_BKhw.shape[2], maps_BKhw.shape[3]))
    assert_close_to_peak(
        small.numpy(), case.arrays["saliency_small"], case.limit(1e-6, 1e-5), f"{case.title}: saliency"
    )
    shares = overlap(maps_BKhw.detach().softmax(dim=1), small).numpy()
    assert_close_to_peak(shares, case.arrays["overlap"], map_limit(case), f"{case.title}: overlap")
    variants = [name.removeprefix("loss_") for name in case.arrays if name.startswith("loss_")]
    assert variants
    for variant in variants:
        tau, lam = (number(variant, rf"{name}#") for name in ("tau", "lam"))
        maps_BKhw.grad = None
        found = saliency_loss(maps_BKhw, saliency_B1HW, tags_BC, tau, lam)
        found.loss.backward()
        assert maps_BKhw.grad is not None
        values = {"loss": found.loss.detach(), **maps_of(found), "grad_cam": maps_BKhw.grad}
        for name, value in values.items():
            recorded = case.arrays[f"{name}_{variant}"]
            new = value.detach().numpy()
            if name == "grad_cam":
                new = new[:, :, ::2, ::2] if new.shape != recorded.shape else new
            assert_close_to_peak(new, recorded, map_limit(case), f"{case.title}: {name}_{variant}")


def check_deeplab_step(case: Case) -> None:
    net, text = network(case), case.spec["inputs"]
    assert isinstance(net, SegmentationNetwork)
    # The port fixes the statistics only; that weight and bias of BatchNorm learn nothing is left to its groups.
    net.train()
    net.backbone.fix_statistics()
    net.zero_grad(set_to_none=True)
    x = caffe_inputs(text)
    label_BHW = torch.from_numpy(np.stack([deeplab_label(case, index) for index in range(len(x))]))
    losses = []
    for scale, logits in zip(SCALES, net.all_scales(x), strict=True):
        label_Bhw = grid_labels(label_BHW, net.stride, (logits.shape[2], logits.shape[3]), "image")
        if scale != "max":
            assert_equal(label_Bhw.numpy(), case.arrays[f"labels_{scale}"], f"{case.title}: labels_{scale}")
        losses.append(cross_entropy(logits, label_Bhw))
    loss = sum(losses[1:], start=losses[0]) / number(case.spec["original"], "ITER_SIZE=#")
    loss.backward()
    limit = case.limit(LOSS_TOLERANCE, case.spec["tolerance"]["rtol"])
    for scale, each, recorded in zip(SCALES, losses, case.arrays["losses"], strict=True):
        assert_relative(each.item(), float(recorded), limit, f"{case.title}: loss at {scale}")
    assert_relative(loss.item(), float(case.arrays["loss"]), limit, f"{case.title}: loss")
    check_gradients(case, net)
    net.backbone.statistics_fixed = False
    put_back(net)


def deeplab_label(case: Case, index: int) -> np.ndarray:
    """The label of one image: squares of 8 pixels, cut to the image."""
    height, width, _ = call_arguments(case.spec["inputs"], "bgr")
    found = re.search(r"label_map\('[^']*', \(ceil.*?\), (\d+), (\d+)\) cropped", case.spec["inputs"])
    assert found is not None, f"{case.title}: expected the recipe of the labels"
    classes, seed = numbers(f"{found[1]} {found[2]}")
    grid_hw = (-(-height // BLOCK), -(-width // BLOCK))
    return block_repeat(label_map(f"{case.name}:{index}", grid_hw, classes, seed), BLOCK)[:height, :width]
