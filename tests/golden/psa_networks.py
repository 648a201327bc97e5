"""Checks of the network cases of PSA: features, CAMs and affinities, losses and gradients, parameter groups."""

import json

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak, assert_relative, subsampled
from golden.psa_setting import network, network_input, picture

from wsss_core.affinity.losses import affinity_loss
from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.pairs import RADIUS, pair_affinity, pair_indices
from wsss_core.checkpoints.psa_layout import to_own_name, to_published_name
from wsss_core.networks.network import Network, TagClassifier
from wsss_core.training.losses import multilabel_soft_margin

FEATURE_TOLERANCE = 1e-4  # recorded to be 2e-5 on other machines; the cases themselves allow 1e-3
LOSS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 1e-2  # kinks of ReLU, max-pool and |a - b| flip under rounding
EVERY_OTHER_CLASS = 3  # the second image of a loss case has the tags 0, 3, 6, ...


def check_forward(case: Case) -> None:
    net = network(case)
    images_B3HW = network_input(case, picture(case))
    with torch.inference_mode():
        results = {**net.backbone(images_B3HW), "input": images_B3HW}
        if isinstance(net, TagClassifier):
            results |= {"logits": net(images_B3HW), "cam": net.cam(images_B3HW)}
        else:
            results |= affinity_results(net(images_B3HW))
    tolerance = case.limit(FEATURE_TOLERANCE, case.spec["tolerance"]["tol"])
    for name, recorded in case.arrays.items():
        new = subsampled(results[name][0].numpy(), case.meaning(name))
        assert_close_to_peak(new, recorded, tolerance, f"{case.title}: {name}")


def affinity_results(features_BDhw: torch.Tensor) -> dict[str, torch.Tensor]:
    """Pair affinities and the dense symmetric matrix with unit diagonal, each with a batch axis."""
    affinity_BPn = pair_affinity(features_BDhw, RADIUS)
    source, partner = pair_indices((features_BDhw.shape[2], features_BDhw.shape[3]), RADIUS)
    dense = torch.eye(features_BDhw[0, 0].numel())
    dense[source, partner] = affinity_BPn[0]
    dense[partner, source] = affinity_BPn[0]
    return {"aff": affinity_BPn, "dense_colsum": dense.sum(dim=0)[None], "dense_sub": dense[None]}


def check_loss(case: Case) -> None:
    net = network(case)
    net.zero_grad(set_to_none=True)
    image = network_input(case, picture(case))
    images_B3HW = torch.cat([image, image.flip(-1)])
    values = (
        classifier_loss(net, images_B3HW, case) if isinstance(net, TagClassifier) else pair_loss(net, images_B3HW, case)
    )
    values["loss"].backward()
    for name, value in values.items():
        assert_relative(value.item(), float(case.arrays[name][0]), LOSS_TOLERANCE, f"{case.title}: {name}")
    check_gradients(net, case)
    check_parameter_groups(net, case)
    net.zero_grad(set_to_none=True)


def classifier_loss(net: TagClassifier, images_B3HW: torch.Tensor, case: Case) -> dict[str, torch.Tensor]:
    scores_BC = net(images_B3HW)
    tags_BC = torch.zeros_like(scores_BC)
    tags_BC[0, case.spec["input"]["classes"]] = 1
    tags_BC[1, ::EVERY_OTHER_CLASS] = 1
    return {"loss": multilabel_soft_margin(scores_BC, tags_BC)}


def pair_loss(net: Network, images_B3HW: torch.Tensor, case: Case) -> dict[str, torch.Tensor]:
    targets = [torch.from_numpy(kind) for kind in pair_targets(case.arrays["label_map"], RADIUS)]
    loss = affinity_loss(pair_affinity(net(images_B3HW), RADIUS), *targets)
    counts = {f"{kind}_count": target.sum() for kind, target in zip(("bg", "fg", "neg"), targets, strict=True)}
    means = {"bg_loss": loss.background, "fg_loss": loss.foreground, "neg_loss": loss.negative}
    return {"loss": loss.total, **means, **counts}


def check_gradients(net: Network, case: Case) -> None:
    parameters = dict(net.named_parameters())
    for name, recorded in case.arrays.items():
        if name.startswith("grad."):
            gradient = parameters[to_own_name(name.removeprefix("grad."))].grad
            assert gradient is not None, f"{case.title}: {name} has no gradient"
            new = gradient.numpy()
            if new.ndim == 4:
                new = new[:: max(1, new.shape[0] // 32), :: max(1, new.shape[1] // 32)]
            assert_close_to_peak(new, recorded, GRADIENT_TOLERANCE, f"{case.title}: {name}")
    with open(case.side_file(case.spec["layout"]), encoding="utf-8") as file:
        order = [to_own_name(name) for name in json.load(file)]
    gradients = [parameters[name].grad for name in order if name in parameters]
    norms = np.array([0.0 if gradient is None else float(gradient.norm()) for gradient in gradients])
    recorded = case.arrays["grad_l2_by_param"]
    assert_close_to_peak(norms, recorded, GRADIENT_TOLERANCE, f"{case.title}: gradient norms")
    np.testing.assert_array_equal(norms == 0, recorded == 0, err_msg=f"{case.title}: frozen parameters")


def check_parameter_groups(net: Network, case: Case) -> None:
    with open(case.side_file(f"{case.spec['network']}.param_groups.json"), encoding="utf-8") as file:
        recorded = json.load(file)
    groups = [sorted(map(to_published_name, names)) for names in net.parameter_groups()]
    assert groups == [sorted(names) for names in recorded["groups"]], f"{case.title}: parameter groups"
    frozen = {to_published_name(name) for name, value in net.named_parameters() if not value.requires_grad}
    assert frozen == set(recorded["frozen_after_train"]), f"{case.title}: frozen parameters"
