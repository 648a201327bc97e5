"""Kinds of the recorded cases of WS-FCN and its parent and how each is checked."""

from collections.abc import Callable

from golden import wsfcn_functions, wsfcn_inference, wsfcn_networks, wsfcn_training
from golden.cases import Case, kind_of
from golden.wsfcn_setting import PARENT

CHECKS: dict[str, Callable[[Case], None]] = {
    "forward_ae": wsfcn_networks.check_forward,
    "forward_bsl": wsfcn_networks.check_forward,
    "module_fca": wsfcn_networks.check_module,
    "module_align": wsfcn_networks.check_module,
    "module_sf2": wsfcn_networks.check_module,
    "module_aspp": wsfcn_networks.check_module,
    "module_gci": wsfcn_networks.check_module,
    "losses_ae": wsfcn_training.check_losses,
    "trainmode_bn": wsfcn_training.check_training_mode,
    "pamr": wsfcn_functions.check_pamr,
    "pseudo_and_mask_loss": wsfcn_functions.check_pseudo_labels,
    "stochastic_gate": wsfcn_functions.check_gate,
    "classification_losses": wsfcn_functions.check_tag_losses,
    "resized_crop": wsfcn_functions.check_resized_crop,
    "evaluation": wsfcn_functions.check_evaluation,
    "multiscale_loader": wsfcn_inference.check_loader,
    "multiscale_inference_ae": wsfcn_inference.check_inference,
    "merge_and_crf": wsfcn_inference.check_merge,
    "multicrop_merge": wsfcn_inference.check_crops,
}


def find_check(name: str) -> Callable[[Case], None] | None:
    """The check of a case by its name, or None for a kind that is not known."""
    kind = kind_of(name.removeprefix(PARENT), tuple(CHECKS))
    return None if kind is None else CHECKS[kind]
