"""Checks of SPML's pure functions: clusters, prototypes, losses, retrieval, CRF, evaluation, normalisation."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.spml_compare import assert_recorded
from golden.spml_setting import embedding, embeddings, flat, pictures, recipe, whole
from golden.synthetic import synthetic_image, synthetic_input

from wsss_core.crf import crf_probabilities
from wsss_core.data.uniform_crop import resize_bilinear
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.instance_weighted_iou import InstanceWeightedIou
from wsss_core.evaluation.iou import class_iou
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.contrast import Relation, pixel_losses, same_label, shared_tag
from wsss_core.segments.grouping import LABEL_DIVISOR, KMeans, group
from wsss_core.segments.local_features import local_features, location
from wsss_core.segments.prototypes import majority, nearest_prototype, prototypes
from wsss_core.segments.retrieval import NEIGHBOURS, label_shares, nearest_rows
from wsss_core.segments.spherical_kmeans import grid_clusters, spherical_kmeans
from wsss_core.settings.spml import SpmlCrfSettings
from wsss_core.training.shared_norm import SharedBatchNorm2d, clamped_inverse, shared_moments

DENSEPOSE_SHARE = 0.1
LARGEST_LABEL = 256


def grid_of(case: Case, words: str) -> tuple[int, int]:
    """Two numbers after some words of the case's input, such as `[5,5]` or `(6, 6)`."""
    found = re.search(re.escape(words) + r"[\s(\[]*(\d+)\s*[,x]\s*(\d+)", str(case.spec["input"]))
    assert found is not None, f"{case.title}: expected {words!r} and a grid"
    return int(found[1]), int(found[2])


def check_grid(case: Case) -> None:
    for name in case.arrays:
        kind, *sizes = name.split("_")
        numbers = [tuple(map(int, size.split("x"))) for size in sizes]
        new = grid_clusters(numbers[1], numbers[0]) if kind == "init" else location(*numbers[0])
        assert_recorded(case, name, new)


def check_clusters(case: Case) -> None:
    is_densepose = case.name.startswith("densepose")
    channels, height, width, seed = map(int, recipe(case, "synthetic_embedding"))
    batch = len(case.arrays["in_semantic"])
    embedding_BDhw = embeddings(channels, height, width, seed, batch)
    picture = [int(text.split("+")[0]) for text in recipe(case, "synthetic_image")]
    local = local_features(pictures(*picture[:3], batch), (height, width), is_densepose)  # type: ignore[misc]
    label, region = whole(case.arrays["in_semantic"]), whole(case.arrays["in_instance"])
    kmeans = KMeans(tuple(case.spec["clusters"]), int(re.search(r"(\d+) k-means", case.spec["records"])[1]))  # type: ignore[index,arg-type]
    segments = group(embedding_BDhw, local, label, region, kmeans, DENSEPOSE_SHARE if is_densepose else 1.0)
    found = {
        "cluster_index": segments.segment_P,
        "cluster_semantic_label": segments.label_N[segments.segment_P],
        "cluster_instance_label": segments.region_N[segments.segment_P],
        "cluster_batch_index": segments.image_P,
        "cluster_embedding_sub": segments.embedding_PD,
        "cluster_embedding_with_loc_sub": segments.located_PE,
    }
    for name, array in found.items():
        assert_recorded(case, name, array)
    if "cluster_index_unlabelled" in case.arrays:
        none = torch.zeros(1, height, width, dtype=torch.int64)
        alone = group(embedding_BDhw[:1], location(height, width)[None], none, none, kmeans)
        assert_recorded(case, "cluster_index_unlabelled", alone.segment_P)


def check_prototypes(case: Case) -> None:
    channels, height, width, seed = map(int, recipe(case, "synthetic_embedding"))
    vector_PD = unit(flat(embedding(channels, height, width, seed)))
    clusters = grid_of(case, "initialize_cluster_labels")
    start_P = grid_clusters((height, width), clusters).flatten()
    label_P = whole(case.arrays["in_semantic"]).flatten()
    count = len(case.arrays["prototypes"])
    own = prototypes(vector_PD, start_P, count)
    pairs, pair_P = (start_P * LARGEST_LABEL + label_P).unique(return_inverse=True)
    majority_N = majority(label_P, start_P, count)
    found = {
        "prototypes": own,
        "prototype_labels": pairs % LARGEST_LABEL,
        "prototype_index": pair_P,
        "majority_labels": majority_N,
        "n_selected": (majority_N[start_P] == label_P).sum(),
        "nearest": nearest_prototype(vector_PD, own),
        "segment_mean": segment_mean(vector_PD, start_P, count),
    }
    for name, array in found.items():
        assert_recorded(case, name, array)
    for name in case.arrays:
        if rows := re.fullmatch(r"prototypes_max(\d+)", name):
            assert_recorded(case, name, prototypes(vector_PD, start_P, int(rows[1])))
        if iterations := re.fullmatch(r"kmeans(\d+)", name):
            assert_recorded(case, name, spherical_kmeans(vector_PD, start_P, count, int(iterations[1])))


def segment_mean(vector_PD: torch.Tensor, segment_P: torch.Tensor, count: int) -> torch.Tensor:
    """The plain mean of the members, whose direction is the prototype's."""
    sums = torch.zeros(count, vector_PD.shape[1]).index_add(0, segment_P, vector_PD)
    return sums / torch.bincount(segment_P, minlength=count)[:, None].clamp(min=1)


def check_contrast(case: Case) -> None:
    channels, height, width, seed = map(int, recipe(case, "synthetic_embedding"))
    start_P = grid_clusters((height, width), grid_of(case, "initialize_cluster_labels")).flatten()
    label_P = whole(case.arrays["in_semantic"]).flatten()
    pairs_N, segment_P = (start_P * LABEL_DIVISOR + label_P).unique(return_inverse=True)
    tag_recipe = re.search(r'synthetic_input\("tags",\((\d+),(\d+)\),(\d+)\)>([\d.]+)', case.spec["input"])
    assert tag_recipe is not None
    rows, columns, tag_seed = map(int, tag_recipe.groups()[:3])
    tag_NC = torch.from_numpy(synthetic_input("tags", (rows, columns), tag_seed) > float(tag_recipe[4]))[: len(pairs_N)]
    relations = {"segsort": same_label(segment_P, pairs_N % LABEL_DIVISOR), "set": shared_tag(segment_P, tag_NC)}
    vector_PD = unit(flat(embedding(channels, height, width, seed)))
    for name in case.arrays:
        if found := re.fullmatch(r"(segsort|set)_k(\d+)", name):
            check_contrast_of(case, name, vector_PD, relations[found[1]], int(found[2]), len(pairs_N))


def check_contrast_of(
    case: Case, name: str, vector_PD: torch.Tensor, relation: Relation, concentration: int, count: int
) -> None:
    vectors = vector_PD.clone().requires_grad_()
    leaves = prototypes(vector_PD, relation.own_P, count).requires_grad_()
    losses = pixel_losses(vectors, leaves, relation, concentration)
    losses.mean().backward()
    found = {"": losses.mean(), "_grad_e_sub": vectors.grad, "_grad_p": leaves.grad, "_pixel_sub": losses}
    for end, array in found.items():
        if f"{name}{end}" in case.arrays:
            assert array is not None
            assert_recorded(case, f"{name}{end}", array.detach())


def check_retrieval(case: Case) -> None:
    channels, height, width, seed = map(int, recipe(case, "synthetic_embedding"))
    embedding_1DHW = embeddings(channels, height, width, seed, 1)
    none = torch.zeros(1, height, width, dtype=torch.int64)
    kmeans = KMeans(grid_of(case, "k-means"), int(re.search(r"(\d+) iterations", case.spec["input"])[1]))  # type: ignore[index]
    segments = group(embedding_1DHW, location(height, width)[None], none, none, kmeans)
    bank_channels, bank_rows, bank_columns, bank_seed = (
        sum(map(int, text.split("+"))) for text in recipe(case, "synthetic_embedding", 1)
    )
    bank = unit(flat(embedding(bank_channels, bank_rows, bank_columns, bank_seed)))
    own = prototypes(segments.embedding_PD, segments.segment_P, segments.count)
    _, rows = nearest_rows(own, [bank])
    classes = case.arrays["topk_histogram"].shape[1]
    shares_NK = label_shares(whole(case.arrays["bank_label"])[rows], classes)
    assert_recorded(case, "cluster_index", segments.segment_P)
    assert_recorded(case, "prediction", shares_NK.argmax(1)[segments.segment_P])
    assert_recorded(case, "topk_histogram", (shares_NK * NEIGHBOURS).round().long()[segments.segment_P])


def check_crf(case: Case) -> None:
    height, width, seed = map(int, recipe(case, "synthetic_image"))
    image = synthetic_image(height, width, seed)
    classes = case.arrays["prob_Q_sub"].shape[0]
    small = re.search(r'synthetic_input\("crf\{c\}",\((\d+),(\d+)\)\)', case.spec["input"])
    factor = float(re.search(r"of ([\d.]+)\*bilinear", case.spec["input"])[1])  # type: ignore[index]
    assert small is not None
    grid = int(small[1]), int(small[2])
    maps = [resize_bilinear(synthetic_input(f"crf{c}", grid, seed), (height, width)) for c in range(classes)]
    shares_KHW = torch.from_numpy(np.stack(maps) * np.float32(factor)).softmax(0).numpy()
    peaked_KHW = shares_KHW / shares_KHW.max(axis=(1, 2), keepdims=True)
    settings = crf_settings(case)
    for name, scores in (("prob", shares_KHW), ("unnormalised", peaked_KHW)):
        probabilities = crf_probabilities(image, scores, settings)
        assert_recorded(case, f"{name}_Q_sub", probabilities)
        assert_recorded(case, f"{name}_label", probabilities.argmax(0))


def crf_settings(case: Case) -> SpmlCrfSettings:
    """The constants that the case names, as in `DenseCRF(iter 10, pos_w 3, ...)`."""
    keys = {
        "iter": "iterations",
        "pos_w": "gaussian_compat",
        "pos_xy_std": "gaussian_sxy",
        "bi_w": "bilateral_compat",
        "bi_xy_std": "bilateral_sxy",
        "bi_rgb_std": "bilateral_srgb",
    }
    named = re.findall(r"(\w+) ([\d.]+)", str(case.spec["records"]))
    return SpmlCrfSettings.parse({keys[name]: value for name, value in named if name in keys}, case.title)


def check_evaluation(case: Case) -> None:
    classes = len(case.arrays["by_mIoU_class_iou"])
    counts, by_instance = np.zeros((classes, classes + 1), np.int64), InstanceWeightedIou(classes)
    answers = case.arrays["in_pred"].astype(np.uint8)
    for truth, answer, instance in zip(case.arrays["in_gt"], answers, case.arrays["in_instance"], strict=True):
        truth = np.where(truth < classes, truth, 255).astype(np.uint8)
        counts += confusion_counts(truth, answer, classes)
        by_instance.add(truth, answer, instance)
    iou_K, instance_K = 100 * np.nan_to_num(class_iou(counts)), 100 * by_instance.per_class()
    assert_recorded(case, "by_mIoU_class_iou", iou_K)
    assert_recorded(case, "by_mIoU_mean_iou", iou_K.mean()[None])
    assert_recorded(case, "pixel_accuracy_fraction", (np.trace(counts) / counts[:, :classes].sum())[None])
    assert_recorded(case, "by_instance_class_iou", instance_K)
    assert_recorded(case, "by_instance_mean_iou", instance_K.mean()[None])


def check_norm(case: Case) -> None:
    rows, columns, seed = (
        int(text.strip("() "))
        for text in re.search(  # type: ignore[union-attr]
            r'"x",\((\d+),(\d+)\),(\d+)\)', case.spec["input"]
        ).groups()
    )
    values = synthetic_input("x", (rows, columns), seed)
    column, value = re.search(r"column (\d+) set to ([\d.]+)", case.spec["input"]).groups()  # type: ignore[union-attr]
    values[:, int(column)] = float(value)
    momentum, eps = (
        float(re.search(word + r" ([\d.e-]+)", case.spec["records"])[1].rstrip(","))  # type: ignore[index]
        for word in ("momentum", "eps")
    )
    x = torch.from_numpy(values)
    mean, variance, _ = shared_moments(x)
    inverse = clamped_inverse(variance, eps)
    norm = SharedBatchNorm2d(columns, eps=eps, momentum=momentum)
    norm.clamped = True
    norm(x.T[None, :, :, None])
    assert norm.running_mean is not None
    assert norm.running_var is not None
    found = {"mean": mean, "inv_std": inverse, "running_mean": norm.running_mean, "running_var": norm.running_var}
    for name, array in found.items():
        assert_recorded(case, name, array)
