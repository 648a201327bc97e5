"""Gradients of the recorded training steps: which parameters get one, their norms, samples of some."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak
from golden.eps_setting import NETWORKS, sampled

GRADIENT_TOLERANCE, NORM_TOLERANCE = 5e-3, 1e-2
PREFIX, NAMES, NORMS = "grad_", "grad_names", "grad_norms"
SHORT_NAMES = {"aspp_bias": "base.aspp.c0.bias", "conv1": "base.layer1.conv1.conv.weight"}
"""Recorded gradients that are not called as their weight. The four branches of the pyramid are summed: their biases
have one gradient."""


def check_gradients(case: Case, network: torch.nn.Module) -> None:
    """The gradients of the network's parameters are the recorded ones, and no others than those listed."""
    own_name = NETWORKS[case.spec["network"]][1]
    gradients = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    names = {str(name): own_name(str(name)) for name in case.arrays[NAMES]}
    assert set(gradients) == set(names.values()), f"{case.title}: parameters with a gradient"
    norms = np.array([float(gradients[own].norm()) for own in names.values()])
    worst = np.abs(norms / case.arrays[NORMS] - 1).max()
    assert worst <= NORM_TOLERANCE, f"{case.title}: a gradient's norm is off by {worst:.2e}"
    for array in case.arrays:
        if array.startswith(PREFIX) and array not in (NAMES, NORMS):
            own = names[published_name(array.removeprefix(PREFIX), list(names))]
            recorded = case.arrays[array]
            new = sampled(case, array, gradients[own].numpy())
            assert_close_to_peak(new.reshape(recorded.shape), recorded, GRADIENT_TOLERANCE, f"{case.title}: {array}")


def published_name(short: str, names: list[str]) -> str:
    """The parameter that `b3_conv_branch2a` or `aspp_c1` means: a weight, with underscores for dots, no `base.`."""
    if short in SHORT_NAMES:
        return SHORT_NAMES[short]
    found = [name for name in names if name.removeprefix("base.").replace(".", "_") == f"{short}_weight"]
    assert len(found) == 1, f"expected one weight that is called {short!r}, found {found}"
    return found[0]
