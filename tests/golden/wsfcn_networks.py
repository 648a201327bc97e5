"""Checks of the network cases of WS-FCN and its parent: whole networks, their parts, parameter groups."""

import json

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.synthetic import synthetic_input
from golden.wsfcn_setting import batch_of, compare_outputs, network, network_name, pictures, synthetic_weights
from torch import nn

from wsss_core.checkpoints.one_stage_layout import is_used, to_own_name
from wsss_core.networks.one_stage.alignment import Alignment
from wsss_core.networks.one_stage.context_pyramid import ContextPyramid
from wsss_core.networks.one_stage.cue_injection import CueInjection
from wsss_core.networks.one_stage.feature_fusion import FeatureFusion
from wsss_core.networks.one_stage.flexible_context import FlexibleContext
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.networks.one_stage.tag_scores import FOCAL_LAMBDA

DIFFERING_SHARE = 0.002
PARTS = {"context": ("fca", "aspp"), "aligned": ("align1",), "gated": ("gate",), "deep": ("fc8_x",)}
"""Recorded array -> the module whose output it is, in one network or the other."""
PAIRS = {"sf2_shallow": ("sf2", 0), "sf2_deep": ("sf2", 1)}


def check_forward(case: Case) -> None:
    net = network(case)
    found = watched(net)
    image_B3HW = batch_of(pictures(case))
    size_hw = (image_B3HW.shape[2], image_B3HW.shape[3])
    with torch.inference_mode():
        features = net.backbone(image_B3HW)
        result = net.tags_and_scores(image_B3HW, FOCAL_LAMBDA)
        masks = net.masks(result.scores_BKhw, size_hw, list(range(net.classes)))
    found |= {
        "conv3": features[net.backbone.low],
        "conv6": features[net.backbone.top],
        "logits": result.scores_BKhw[:, 1:],
        "cls": result.tag_scores_BC,
        "masks": masks,
    }
    recorded = case.spec["outputs"]
    compare_outputs(case, {name: found[name].numpy() for name in recorded if name != "argmax"}, 0)
    compare_outputs(case, {"argmax": masks.argmax(dim=1).numpy()}, DIFFERING_SHARE)
    check_parameter_groups(net, case)


def watched(net: nn.Module) -> dict[str, torch.Tensor]:
    """A dictionary that the next forward pass fills with the outputs of the parts."""
    found: dict[str, torch.Tensor] = {}

    def watch(module: nn.Module, names: list[tuple[str, int | None]]) -> None:
        def keep(_: nn.Module, __: object, output: object) -> None:
            for name, position in names:
                found[name] = output if position is None else output[position]  # type: ignore[assignment, index]
            handle.remove()

        handle = module.register_forward_hook(keep)

    children = dict(net.named_children())
    for name, places in PARTS.items():
        for place in set(places) & set(children):
            watch(children[place], [(name, None)])
    if "sf2" in children:
        watch(children["sf2"], [(name, position) for name, (_, position) in PAIRS.items()])
    if "shallow_mask" in children:
        watch(children["shallow_mask"], [("gci_shallow", None)])
    return found


def check_parameter_groups(net: OneStageNetwork, case: Case) -> None:
    """Where the set has a file of the network's groups, they are ours."""
    prefix = case.spec["network"].removesuffix(network_name(case))
    try:
        path = case.side_file(f"{prefix}param_groups_{network_name(case)}.json")
    except FileNotFoundError:
        return
    recorded = json.loads(path.read_text(encoding="utf-8"))
    learning = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    groups = [sorted(learning & set(names)) for names in net.parameter_groups()]
    expected = [
        sorted({to_own_name(name) for name in group["params"] if is_used(name)}) for group in recorded["groups"]
    ]
    assert groups == expected, f"{case.title}: parameter groups"
    net.train()
    norms = {name for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d) and not module.training}
    net.eval()
    fixed = {to_own_name(f"{name}.weight").removesuffix(".weight") for name in recorded["bn_frozen_stats"]}
    assert norms == {name for name in fixed if is_used(f"{name}.weight")}, f"{case.title}: BatchNorms that stay"


def check_module(case: Case) -> None:
    """A part by itself; the case's layout lies in the set."""
    layout = json.loads(case.side_file(case.spec["layout"]).read_text(encoding="utf-8"))
    weights = synthetic_weights(layout, case.spec["weights"]["seed"], case.spec["weights"])
    used = {name: torch.from_numpy(value) for name, value in weights.items() if is_used(f"fca.{name}")}
    module = module_of(case.spec["network"], used)
    module.load_state_dict(used)
    inputs = [torch.from_numpy(drawn(recipe)) for recipe in case.spec["input"].values()]
    with torch.inference_mode():
        output = module.eval()(*inputs)
    results = dict(zip(("out4h", "out4v"), output, strict=True)) if isinstance(output, tuple) else {"y": output}
    if "mean" in case.arrays:
        results["mean"] = output.mean(dim=(2, 3))
    compare_outputs(case, {name: value.numpy() for name, value in results.items()}, 0)


def module_of(name: str, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The part, of the widths that its weights have."""
    shapes = {entry: tuple(value.shape) for entry, value in weights.items()}
    match name.split("_")[1]:
        case "fca":
            return FlexibleContext(shapes["fca1.conv1_1.weight"][1], shapes["fca1.conv1_1.weight"][0])
        case "aspp":
            return ContextPyramid(shapes["aspp1.atrous_conv.weight"][1], shapes["aspp1.atrous_conv.weight"][0])
        case "align":
            return Alignment(shapes["down_l.weight"][1], shapes["down_h.weight"][1])
        case "sf2":
            return FeatureFusion(shapes["conv1h.weight"][1], shapes["conv1v.weight"][1])
        case "gci":
            return CueInjection(shapes["fc_skip.0.weight"][1], shapes["fc_skip.0.weight"][0])
    raise AssertionError(f"no part of a network is called {name!r}")


def drawn(recipe: str) -> np.ndarray:
    """The array of a recipe such as "synthetic_input('fca_in',(1,16,119,113),1)"."""
    inside = recipe[recipe.index("(") + 1 : recipe.rindex(")")]
    name, rest = inside.split(",", 1)
    shape, seed = rest.rsplit(",", 1)
    sizes = tuple(int(side) for side in shape.strip().strip("()").split(","))
    return synthetic_input(name.strip("'\" "), sizes, int(seed))


def assert_flags(case: Case, net: OneStageNetwork) -> None:
    """Which parameters learn, in the order of the layout."""
    layout = json.loads(case.side_file(case.spec["layout"]).read_text(encoding="utf-8"))
    parameters = dict(net.named_parameters())
    leaves = ("weight", "bias")
    listed = [name for name in layout if name.split(".")[-1] in leaves]
    recorded = dict(zip(listed, case.arrays["requires_grad"].tolist(), strict=True))
    own = {name: parameters[to_own_name(name)].requires_grad for name in listed if is_used(name)}
    expected = {name: bool(flag) for name, flag in recorded.items() if is_used(name)}
    assert own == expected, f"{case.title}: which parameters learn"
    assert_equal(np.array(len(own)), np.array(len(parameters)), f"{case.title}: number of parameters")
