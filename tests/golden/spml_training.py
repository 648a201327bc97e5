"""Checks of SPML's trainings: losses of two steps with a memory between them, classifier, optimiser, rates, crops."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.spml_compare import assert_recorded
from golden.spml_setting import classifier, embeddings, number_after, pictures, recipe, whole
from golden.synthetic import synthetic_image, synthetic_input
from torch.nn import functional

from wsss_core.data.mirrored_classes import mirror_table
from wsss_core.data.uniform_crop import random_blur, random_grey, resize_bilinear, resize_nearest, uniform_crop
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.grouping import KMeans, group
from wsss_core.segments.local_features import local_features
from wsss_core.segments.memory import Memory, SegmentTable
from wsss_core.segments.prototypes import prototypes
from wsss_core.segments.relations import (
    affinity_tags,
    annotation_loss,
    image_loss,
    nearest_labelled,
    retrieval_accuracy,
    tag_loss,
)
from wsss_core.segments.tiles import at_long_side
from wsss_core.settings.data import DENSEPOSE_CLASSES
from wsss_core.settings.training import LoopSettings
from wsss_core.training.losses import masked_cross_entropy
from wsss_core.training.optimisers import build_optimiser, set_learning_rate
from wsss_core.training.schedules import learning_rate

AFFINITY_THRESHOLD = 0.95
DENSEPOSE_SHARE = 0.1


def logits_of(head: torch.nn.Sequential, embedding_BDhw: torch.Tensor) -> torch.Tensor:
    """The classifier on the unit embedding."""
    logits: torch.Tensor = head(unit(embedding_BDhw, dim=1))
    return logits


def check_classifier(case: Case) -> None:
    channels, height, width, seed = map(int, recipe(case, "synthetic_embedding"))
    embedding_BDhw = embeddings(channels, height, width, seed, len(case.arrays["in_semantic"]))
    label_BHW, head = whole(case.arrays["in_semantic"]), classifier(case)
    logits = logits_of(head, embedding_BDhw)
    enlarged = functional.interpolate(logits, size=label_BHW.shape[1:], mode="bilinear")
    loss = masked_cross_entropy(enlarged, label_BHW)
    loss.backward()
    known = label_BHW < logits.shape[1]
    gradients = {name: parameter.grad for name, parameter in head.named_parameters()}
    found = {
        "logit": logits.detach(),
        "prediction": logits.argmax(1),
        "logit_upsampled_sub": enlarged.detach(),
        "loss": loss.detach(),
        "accuracy": (enlarged.argmax(1) == label_BHW)[known].float().mean(),
        "grad_conv0_sub": gradients["0.weight"],
        "grad_bn_weight": gradients["1.weight"],
        "grad_conv4": gradients["4.weight"],
        "grad_bias4": gradients["4.bias"],
    }
    for name, array in found.items():
        assert_recorded(case, name, array)


def check_losses(case: Case) -> None:
    head, memory = classifier(case), Memory(2)
    for step in sorted({int(name[2]) for name in case.arrays if re.match(r"it\d_", name)}):
        head.zero_grad()
        check_step(case, step, head, memory)


def check_step(case: Case, step: int, head: torch.nn.Sequential, memory: Memory) -> None:
    """Losses, gradients and prototypes of one step; its segments go into the memory."""
    is_densepose = case.name.startswith("densepose")
    channels, height, width, seed = recipe_at(case, "synthetic_embedding", step)
    batch = len(case.arrays[f"it{step}_in_semantic"])
    embedding_BDhw = embeddings(channels, height, width, seed, batch).requires_grad_()
    picture_h, picture_w, picture_seed = recipe_at(case, "synthetic_image", step)
    local = local_features(pictures(picture_h, picture_w, picture_seed, batch), (height, width), is_densepose)
    label_BHW, region_BHW = (whole(case.arrays[f"it{step}_in_{name}"]) for name in ("semantic", "instance"))
    rows, columns = map(int, re.search(r"k-means grid (\d+)x(\d+)", case.spec["input"]).groups())  # type: ignore[union-attr]
    kmeans = KMeans((rows, columns), number_after(case, f"grid {rows}x{columns},"))
    segments = group(embedding_BDhw, local, label_BHW, region_BHW, kmeans, DENSEPOSE_SHARE if is_densepose else 1.0)
    logits = logits_of(head, embedding_BDhw.detach())
    classes = logits.shape[1]
    if is_densepose:
        tag_NC = affinity_tags(segments, classes, AFFINITY_THRESHOLD)
    else:
        tag_BC = torch.from_numpy(case.arrays[f"it{step}_tags"][:, 1:classes].astype(np.float32))
        tag_NC = tag_BC[segments.image_N]
    own = SegmentTable(prototypes(segments.embedding_PD, segments.segment_P, segments.count), segments.label_N, tag_NC)
    table = own.followed_by(memory.tables)
    (k_ann, w_ann), (k_occ, w_occ), (k_img, w_img) = (
        case.spec["settings"][n] for n in ("sem_ann", "sem_occ", "img_sim")
    )
    enlarged = functional.interpolate(logits, size=label_BHW.shape[1:], mode="bilinear")
    annotation = w_ann * (masked_cross_entropy(enlarged, label_BHW) + annotation_loss(segments, table, classes, k_ann))
    occurrence = w_occ * tag_loss(segments, table, k_occ)
    image = w_img * image_loss(segments, k_img, with_local_features=not is_densepose)
    (annotation + occurrence + image).backward()
    memory.add(own)
    found = {
        "sem_ann_loss": annotation.detach(),
        "sem_ann_loss_script_setting": annotation.detach(),
        "sem_occ_loss": occurrence.detach(),
        "img_sim_loss": image.detach(),
        "accuracy": retrieval_accuracy(table),
        "grad_embedding_sub": embedding_BDhw.grad,
        "grad_classifier_bias": head[4].bias.grad,  # type: ignore[union-attr]
        "grad_classifier_conv0_sub": head[0].weight.grad,  # type: ignore[union-attr]
        "n_prototypes": segments.count,
        "prototype_semantic_label": segments.label_N,
        "prototype_batch_index": segments.image_N,
        "prototype_sub": own.prototype_ND.detach(),
    }
    for name, array in found.items():
        if f"it{step}_{name}" in case.arrays:
            assert_recorded(case, f"it{step}_{name}", array)
    if is_densepose and "nn_tags" in case.arrays and len(case.arrays["nn_tags"]) == segments.count:
        class_N = nearest_labelled(segments, classes, AFFINITY_THRESHOLD)
        one_hot = functional.one_hot(class_N + 1, classes + 1)[:, 1:]
        assert_recorded(case, "nn_tags", one_hot)


def recipe_at(case: Case, function: str, step: int) -> list[int]:
    """Arguments of a recipe whose last one is such as `1+10*it+b`, for step `it` and image 0."""
    first, *numbers = recipe(case, function)
    *sides, seed = [first, *numbers]
    parts = [part for part in seed.split("+") if part != "b"]
    total = sum(int(part.removesuffix("*it")) * (step if part.endswith("*it") else 1) for part in parts)
    return [*map(int, sides), total]


def check_optimiser(case: Case) -> None:
    text, iterations = str(case.spec["input"]), case.arrays["iters"]
    base, total, warmup = re.search(r"lr_poly\(([\d.e-]+), iters, (\d+), (\d+)\)", text).groups()  # type: ignore[union-attr]
    common = {"learning_rate": float(base), "warmup_steps": int(warmup), "warmup_from": 0.1, "optimiser": "caffe_sgd"}
    poly = settings_of(case, {**common, "steps": int(total)})
    assert_recorded(case, "lr_poly64", np.array([learning_rate(int(i), int(total), poly) for i in iterations]))
    places = [int(part) for part in re.search(r"decay \[([\d, ]+)\]", text)[1].split(",")]  # type: ignore[index]
    steps = settings_of(case, {**common, "steps": int(total), "schedule": "step", "decay_steps": places})
    assert_recorded(case, "lr_step64", np.array([learning_rate(int(i), int(total), steps) for i in iterations]))
    length, at = re.search(r"max (\d+) at \[([\d, ]+)\]", text).groups()  # type: ignore[union-attr]
    short = settings_of(case, {**common, "steps": int(length)})
    found = np.array([learning_rate(int(i), int(length), short) for i in at.split(",")])
    assert_recorded(case, "lr_poly_cls64", found)
    check_sgd(case, poly, int(total))


def settings_of(case: Case, values: dict[str, object]) -> LoopSettings:
    return LoopSettings.parse(values, case.title)


def check_sgd(case: Case, settings: LoopSettings, total: int) -> None:
    """Groups of the factors 1, 10 and 20, the last without decay; a gradient and a rate for each step."""
    text, seed = str(case.spec["input"]), case.spec["seed"]
    every = int(re.search(r"(\d+)\*i", text)[1])  # type: ignore[index]
    width = int(re.search(r'"p\{j\}",\((\d+),\)', text)[1])  # type: ignore[index]
    network = torch.nn.ParameterDict(
        {f"p{j}": torch.nn.Parameter(torch.from_numpy(synthetic_input(f"p{j}", (width,), seed))) for j in range(3)}
    )
    optimiser = build_optimiser(network, ([f"p{0}"], [], ["p1"], ["p2"]), settings)
    recorded = sorted(name for name in case.arrays if name.startswith("params_after_"))
    for number, name in enumerate(recorded):
        set_learning_rate(optimiser, learning_rate(every * number, total, settings))
        for j in range(3):
            network[f"p{j}"].grad = torch.from_numpy(synthetic_input(f"g{number}{j}", (width,), seed))
        optimiser.step()
        assert_recorded(case, name, np.stack([network[f"p{j}"].detach().numpy() for j in range(3)]))


def check_crops(case: Case) -> None:
    height, width, seed = map(int, recipe(case, "synthetic_image"))
    picture = synthetic_image(height, width, seed)
    image_HW3, label_HW = picture.astype(np.float32) / 255, case.arrays["in_semantic"]
    region_HW = (picture[..., 0] // 64) * 16 + (picture[..., 1] // 64) * 4 + picture[..., 2] // 64
    check_sizes(case, image_HW3, label_HW, region_HW)
    if "pad" in case.arrays:
        check_padding(case, image_HW3)
    crop_hw = tuple(map(int, re.search(r"crop (\d+)x(\d+)", case.spec["records"]).groups()))  # type: ignore[union-attr]
    first = int(re.search(r"numpy\.random\.seed\((\d+)\+s\)", case.spec["input"])[1])  # type: ignore[index]
    for kind in ("tag", "tagcls", "dp", "dpcls"):
        for number in range(len([name for name in case.arrays if re.fullmatch(kind + r"\d+_semantic", name)])):
            rng = np.random.RandomState(first + number)
            rescale = (0.5, 2.0) if kind.endswith("cls") else (0.5, 1.5)
            crop = uniform_crop(image_HW3, [label_HW, region_HW], rng, rescale, crop_hw, IMAGENET_RGB.mean)
            image = crop.image_HW3
            if kind.endswith("cls"):
                image = random_blur(random_grey(image, rng), rng)
            label = crop.maps[0]
            if kind.startswith("dp") and crop.mirrored:
                label = mirror_table(("background", *DENSEPOSE_CLASSES))[label]
            normalised = ((image - np.float32(IMAGENET_RGB.mean)) / np.float32(IMAGENET_RGB.std)).transpose(2, 0, 1)
            found = {
                "image_sub": normalised,
                "semantic": label,
                "instance": crop.maps[1],
                "next_uniform64": np.array(rng.uniform()),
                "tags": np.isin(np.arange(256), label_HW).astype(np.uint8),
            }
            for name, array in found.items():
                if f"{kind}{number}_{name}" in case.arrays:
                    assert_recorded(case, f"{kind}{number}_{name}", array)


def check_padding(case: Case, image_HW3: np.ndarray) -> None:
    """The last rows of the image filled up to a larger size: those that are not all padding are the image's."""
    recorded = case.arrays["pad"]
    (height, width), (rows, columns) = image_HW3.shape[:2], recorded.shape[:2]
    below = int((recorded == np.float32(IMAGENET_RGB.mean)).all(axis=(1, 2)).sum())
    size_hw, mean = (height + below, max(width, columns)), IMAGENET_RGB.mean
    padded = uniform_crop(image_HW3, [], np.random.RandomState(0), (1.0, 1.0), size_hw, mean, mirror=False).image_HW3
    assert_recorded(case, "pad", padded[size_hw[0] - rows :, :columns])


def check_sizes(case: Case, image_HW3: np.ndarray, label_HW: np.ndarray, region_HW: np.ndarray) -> None:
    """Resizing by factors, and nothing lost in the network's picture."""
    for name in case.arrays:
        found = re.fullmatch(r"resize(\d+)_(img|img_sub|lab)", name)
        if found is None:
            continue
        size = tuple(int(side * (int(found[1]) / 100)) for side in image_HW3.shape[:2])
        if found[2] == "lab":
            labels = np.stack([resize_nearest(values, size) for values in (label_HW, region_HW)], axis=-1)  # type: ignore[arg-type]
            assert_recorded(case, name, labels)
        else:
            assert_recorded(case, name, resize_bilinear(image_HW3, size))  # type: ignore[arg-type]
    for name in case.arrays:
        found = re.fullmatch(r"(larger(\d+))_img_sub", name)
        if found is not None:
            size = at_long_side((image_HW3.shape[0], image_HW3.shape[1]), int(found[2]))
            assert_recorded(case, f"{found[1]}_shape", np.array([*size, 3]))
            assert_recorded(case, name, resize_bilinear(image_HW3, size))
