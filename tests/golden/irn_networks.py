"""Checks of the network cases of IRN: CAM network with its loss and gradients, boundaries and displacements."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak, assert_equal, assert_relative, subsampled
from golden.irn_setting import network, read_json
from golden.psa_functions import stated
from golden.psa_setting import picture

from wsss_core.checkpoints.irn_layout import to_own_name
from wsss_core.networks.irnet import IRNet, canvas_of, edge_and_displacement
from wsss_core.networks.network import TagClassifier
from wsss_core.training.losses import multilabel_soft_margin

FEATURE_TOLERANCE = 1e-4  # recorded to be 2e-5 on other machines; the cases themselves allow 1e-3
MAP_TOLERANCE = 5e-5
LOSS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 1e-2  # kinks of ReLU and max-pool flip under rounding
EVERY_OTHER_CLASS = 3  # the second image of a loss case has the tags 0, 3, 6, ...


def input_of(case: Case) -> torch.Tensor:
    """The normalised picture (3, H, W)."""
    return torch.from_numpy(network(case).normalisation(picture(case)))


def check_cam_forward(case: Case) -> None:
    net, image_3HW = network(case), input_of(case)
    assert isinstance(net, TagClassifier)
    with torch.inference_mode():
        maps = net.cam(torch.stack([image_3HW, image_3HW.flip(-1)]))
        results = {
            "logits": net(image_3HW[None])[0],
            "stage4": net.backbone(image_3HW[None])["layer4"][0],
            "cam": maps[0] + maps[1].flip(-1),
        }
    for name, recorded in case.arrays.items():
        new = subsampled(results[name].numpy(), case.meaning(name))
        tolerance = case.limit(FEATURE_TOLERANCE, case.spec["tolerance"]["tol"])
        assert_close_to_peak(new, recorded, tolerance, f"{case.title}: {name}")


def check_cam_loss(case: Case) -> None:
    net, image_3HW = network(case), input_of(case)
    net.zero_grad(set_to_none=True)
    net.train()
    scores_BC = net(torch.stack([image_3HW, image_3HW.flip(-1)]))
    tags_BC = torch.zeros_like(scores_BC)
    tags_BC[0, case.spec["input"]["classes"]] = 1
    tags_BC[1, ::EVERY_OTHER_CLASS] = 1
    loss = multilabel_soft_margin(scores_BC, tags_BC)
    loss.backward()
    assert_relative(loss.item(), float(case.arrays["loss"][0]), LOSS_TOLERANCE, f"{case.title}: loss")
    check_gradients(net, case)
    net.zero_grad(set_to_none=True)
    net.eval()


def check_gradients(net: torch.nn.Module, case: Case) -> None:
    parameters = dict(net.named_parameters())
    for name, recorded in case.arrays.items():
        if name.startswith("grad."):
            gradient = parameter_of(name, parameters).grad
            assert gradient is not None, f"{case.title}: {name} has no gradient"
            new = subsampled(gradient.numpy(), case.meaning(name))
            assert_close_to_peak(new, recorded, GRADIENT_TOLERANCE, f"{case.title}: {name}")
    if "has_grad" in case.arrays:
        aliases = read_json(str(case.side_file(case.spec["layout"].replace(".layout.", ".aliases."))))
        listed = [name for name in read_json(str(case.side_file(case.spec["layout"]))) if name not in aliases]
        own = [to_own_name(name, is_classifier=True) for name in listed]
        reached = [parameters[name].grad is not None for name in own if name in parameters]
        assert_equal(np.array(reached), case.arrays["has_grad"], f"{case.title}: which parameters learn")


def parameter_of(array: str, parameters: dict[str, torch.nn.Parameter]) -> torch.nn.Parameter:
    """The parameter of a gradient array, whose name may lack the backbone's or the leaf's."""
    stem = array.removeprefix("grad.").removeprefix("resnet50.")
    names = [f"{start}{stem}{leaf}" for start in ("", "backbone.") for leaf in ("", ".weight")]
    return next(parameters[name] for name in names if name in parameters)


def check_irn_forward(case: Case) -> None:
    net, image_3HW = network(case), input_of(case)
    assert isinstance(net, IRNet)
    with torch.inference_mode():
        canvas_px = int(stated("crop_size", case.spec["original"]))
        canvas_hw = canvas_of((image_3HW.shape[1], image_3HW.shape[2]), canvas_px)
        edge_hw, displacement_2hw = edge_and_displacement(net, image_3HW, canvas_hw)
    tolerance = case.limit(MAP_TOLERANCE, case.spec["tolerance"]["tol"])
    results = {"edge": edge_hw[None], "dp": displacement_2hw}
    for name, recorded in case.arrays.items():
        assert_close_to_peak(results[name].numpy(), recorded, tolerance, f"{case.title}: {name}")
