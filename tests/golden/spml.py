"""Kinds of the recorded SPML cases and how each is checked."""

from collections.abc import Callable

from golden import spml_functions, spml_networks, spml_stages, spml_training
from golden.cases import Case, kind_of

CHECKS: dict[str, Callable[[Case], None]] = {
    "deeplab101_forward": spml_networks.check_forward,
    "pspnet101_densepose_forward": spml_networks.check_forward,
    "voc12_softmax_classifier": spml_training.check_classifier,
    "densepose_softmax_classifier": spml_training.check_classifier,
    "cluster_init": spml_functions.check_grid,
    "voc12_generate_clusters": spml_functions.check_clusters,
    "densepose_generate_clusters": spml_functions.check_clusters,
    "prototypes": spml_functions.check_prototypes,
    "contrastive_losses": spml_functions.check_contrast,
    "voc12_training_losses": spml_training.check_losses,
    "densepose_training_losses": spml_training.check_losses,
    "knn_prediction": spml_functions.check_retrieval,
    "schedule_and_optimizer": spml_training.check_optimiser,
    "transforms_and_augmentation": spml_training.check_crops,
    "dense_crf": spml_functions.check_crf,
    "evaluation": spml_functions.check_evaluation,
    "sync_batchnorm_statistics": spml_functions.check_norm,
    "prototype": spml_stages.check_bank,
    "prototype_msc": spml_stages.check_bank,
    "densepose_prototype": spml_stages.check_bank,
    "inference_knn": spml_stages.check_retrieval,
    "inference_knn_crf": spml_stages.check_retrieval,
    "inference_knn_msc": spml_stages.check_retrieval,
    "inference_knn_crf_msc": spml_stages.check_retrieval,
    "pseudo_inference_crf_msc": spml_stages.check_retrieved_seeds,
    "pseudo_camrw_crf": spml_stages.check_cam_walk,
    "pseudo_softmaxrw_crf": spml_stages.check_classifier_walk,
    "pseudo_softmax": spml_stages.check_second_round,
    "pseudo_denseposerw_crf": spml_stages.check_label_walk,
    "inference_softmax": spml_stages.check_softmax,
    "inference_softmax_crf": spml_stages.check_softmax,
    "inference_softmax_msc": spml_stages.check_softmax,
    "inference_softmax_crf_msc": spml_stages.check_softmax,
    "densepose_inference_softmax": spml_stages.check_softmax,
}


def find_check(name: str) -> Callable[[Case], None] | None:
    """The check of a case by its name, or None for a kind that is not known."""
    kind = kind_of(name, tuple(CHECKS))
    return None if kind is None else CHECKS[kind]
