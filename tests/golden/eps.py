"""Kinds of the recorded cases of EPS and its DeepLab stage, and how each is checked."""

from collections.abc import Callable

from golden import eps_evaluation, eps_functions, eps_inference, eps_networks, eps_training
from golden.cases import Case, kind_of

CHECKS: dict[str, Callable[[Case], None]] = {
    "cls_forward": eps_networks.check_classifier,
    "eps_forward": eps_networks.check_classifier,
    "deeplab_forward": eps_networks.check_deeplab,
    "vgg16_forward": eps_networks.check_largefov,
    "cls_train": eps_training.check_base_step,
    "eps_train": eps_training.check_eps_step,
    "eps_loss": eps_training.check_saliency_loss,
    "deeplab_train": eps_training.check_deeplab_step,
    "cls_infer": eps_inference.check_pseudo_mask,
    "eps_infer": eps_inference.check_pseudo_mask,
    "infer_preprocess": eps_inference.check_views,
    "crf_with_alpha": eps_inference.check_seed_crf,
    "deeplab_crf": eps_inference.check_prediction_crf,
    "train_augment": eps_functions.check_crops,
    "deeplab_augment": eps_functions.check_deeplab_crops,
    "poly_optimizer": eps_functions.check_optimiser,
    "deeplab_poly_lr": eps_functions.check_rates,
    "deeplab_param_groups": eps_functions.check_groups,
    "evaluate": eps_evaluation.check_pseudo_mask_figures,
    "deeplab_scores": eps_evaluation.check_prediction_figures,
}


def find_check(name: str) -> Callable[[Case], None] | None:
    """The check of a case by its name, or None for a kind that is not known."""
    kind = kind_of(name, tuple(CHECKS))
    return None if kind is None else CHECKS[kind]
