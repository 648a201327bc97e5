"""Kinds of the recorded PSA and IRN cases and how each is checked."""

import re
from collections.abc import Callable

from golden import (
    irn_functions,
    irn_instances,
    irn_labels,
    irn_networks,
    irn_stages,
    irn_training,
    irn_walk,
    psa_functions,
    psa_networks,
    psa_stages,
)
from golden.cases import Case, kind_of

CHECKS: dict[str, Callable[[Case], None]] = {
    "forward": psa_networks.check_forward,
    "loss": psa_networks.check_loss,
    "msf_inputs": psa_stages.check_inputs,
    "infer_cls": psa_stages.check_cams,
    "infer_aff": psa_stages.check_walk,
    "pair_indices": psa_functions.check_pairs,
    "aff_labels": psa_functions.check_labels,
    "crf_inference": psa_functions.check_crf,
    "poly_optimizer": psa_functions.check_optimiser,
    "center_crop": psa_functions.check_crop,
    "miou": psa_functions.check_miou,
    "irn_path_index": irn_functions.check_paths,
    "irn_propagate": irn_functions.check_walk,
    "irn_instances": irn_instances.check_instances,
    "irn_ir_label": irn_labels.check_ir_label,
    "irn_cam.forward": irn_networks.check_cam_forward,
    "irn_cam.loss": irn_networks.check_cam_loss,
    "irn_irn.forward": irn_networks.check_irn_forward,
    "irn_make_cam": irn_stages.check_cams,
    "irn_sem_seg": irn_walk.check_sem_seg,
    "irn_sem_seg_short": irn_walk.check_sem_seg,
    "irn_irn.loss": irn_training.check_irn_loss,
}


def find_check(name: str) -> Callable[[Case], None] | None:
    """The check of a case by its name, or None for a kind that is not known."""
    without_network = re.sub(r"^(vgg16|resnet38)(_cls|_aff)?\.", "", name)
    kind = kind_of(without_network, tuple(CHECKS))
    return None if kind is None else CHECKS[kind]
