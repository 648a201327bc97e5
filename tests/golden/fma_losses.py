"""Checks of the training cases of FMA: losses alone, steps of the prompts, learning rates, starts, preprocessing."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.fma_setting import assert_within, clip_of, images, meaning, present, prompts, stride
from golden.synthetic import synthetic_image, synthetic_input

from wsss_core.clip.cam_loss import CamDistance, CamMean, cam_activation_loss
from wsss_core.clip.context_start import random_context, seed_of
from wsss_core.clip.contrastive_loss import ContrastiveMean, contrastive_loss
from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, positives_of
from wsss_core.clip.preprocessing import whole_patches
from wsss_core.data.augment import resize_image, resize_labels
from wsss_core.networks.clip.clip import CLIP_RGB
from wsss_core.settings.prompts import PromptsSettings
from wsss_core.training.schedules import learning_rate

CALL = r"synthetic_input\('(\w+)',\(([\d,]+)\),(\d+)\)"
CONTRASTIVE: dict[str, tuple[float, ContrastiveMean]] = {
    "pos_mean": (1.0, "tags"),
    "sample_mean": (1.0, "images"),
    "gamma_half": (0.5, "tags"),
}
DISTANCES: dict[str, CamDistance] = {"l1": "absolute", "l2": "squared"}
MEANS: dict[str, CamMean] = {"all": "pixels", "fg-bg": "sides", "fg-bg-per-pos": "tags"}
PUBLISHED_SCHEDULES = {
    "voc_cls": (1800, 500),
    "voc_seg": (17000, 500),
    "coco_cls": (20500, 1000),
    "coco_seg": (75000, 1000),
}
PUBLISHED_STARTS = {
    "voc_cls": ((16, 512), 0.015, "\u771f"),
    "coco_cls": ((16, 512), 0.015, "\u771f"),
    "coco_seg": ((16, 512), 0.015, "\u771f"),
    "voc_seg_guess": ((45, 16, 512), 0.125, "\u673a"),
}
START_STEP, START_VALUES = 509, 64


def drawn(text: str) -> np.ndarray:
    """The array of "synthetic_input('name',(6,20),1)" in a text."""
    name, shape, seed = re.search(CALL, text).groups()  # type: ignore[union-attr]
    return synthetic_input(name, tuple(int(axis) for axis in shape.split(",")), int(seed))


def check_contrastive(case: Case) -> None:
    recipe = case.spec["inputs"]["S"]
    factor, offset = re.fullmatch(rf"([\d.]+)\*{CALL}\+([\d.]+)", recipe).group(1, 5)  # type: ignore[union-attr]
    scores = torch.from_numpy(np.float32(factor) * drawn(recipe) + np.float32(offset))
    tags = torch.from_numpy(case.arrays["labels"].astype(bool))
    for name, (gamma, mean) in CONTRASTIVE.items():
        scores.grad = None
        loss = contrastive_loss(scores.requires_grad_(), tags, gamma, mean)
        loss.backward()
        assert_within(loss.detach().numpy(), case, name)
        if f"grad_{name}" in case.arrays:
            assert_within(scores.grad.numpy(), case, f"grad_{name}")  # type: ignore[attr-defined]


def check_cam(case: Case) -> None:
    maps = torch.from_numpy(drawn(case.spec["inputs"]["cam"]))
    positives = torch.tensor(case.spec["inputs"]["positives_image_class"])
    label = torch.from_numpy(case.arrays["seg"].astype(np.uint8))
    names = [name for name in case.arrays if re.match(r"l\d_", name)]
    for name in names:
        distance, mean = name.split("_")
        maps.grad = None
        loss = cam_activation_loss(maps.requires_grad_(), positives, label, DISTANCES[distance], MEANS[mean])
        (loss.foreground + loss.background).backward()
        assert_within(torch.stack(loss).detach().numpy(), case, name)
        assert_within(maps.grad.numpy(), case, f"grad_{name}")  # type: ignore[attr-defined]


def check_contrastive_step(case: Case) -> None:
    check_step(case, seeds=None)


def check_cam_step(case: Case) -> None:
    inputs = case.spec["inputs"]
    rows, columns = np.indices((inputs["h"], inputs["w"]))
    seeds = np.zeros((len(inputs["labels_0based_fg"]), inputs["h"], inputs["w"]), np.uint8)
    block, ignored = re.search(r"\(y//(\d+)\+.*columns 0\.\.(\d+) = 255", inputs["seed_map"]).groups()  # type: ignore[union-attr]
    for number, (seed_HW, labels) in enumerate(zip(seeds, inputs["labels_0based_fg"], strict=True)):
        place = (rows // int(block) + columns // int(block) + number) % (len(labels) + 2)
        for rank, label in enumerate(sorted(labels)):
            seed_HW[place == rank] = label + 1
        seed_HW[:, : int(ignored) + 1] = 255
    check_step(case, torch.from_numpy(seeds))


def check_step(case: Case, seeds: torch.Tensor | None) -> None:
    """One step of the prompts, without seeds by the contrastive loss."""
    clip = clip_of(case)
    text, context = prompts(case)
    image = image_pass(clip, images(case))
    logits = clip.logits(image.feature_BE, text(clip, context))
    maps = class_maps(image, masked_softmax(logits, present(case)), present(case), graph=True)
    if seeds is None:
        loss = contrastive_loss(logits[:, : present(case).shape[1]], present(case))
    else:
        parts = cam_activation_loss(maps, positives_of(present(case)), seeds)
        loss = parts.foreground + parts.background
        assert_within(parts.foreground.detach().numpy(), case, "fg_loss")
        assert_within(parts.background.detach().numpy(), case, "bg_loss")
    gradient = torch.autograd.grad(loss, context.ctx)[0]
    step = stride(meaning(case, "grad_ctx"), r"channel stride (\d+)")
    rows = stride(meaning(case, "grad_ctx"), r"first (\d+) rows")
    first = gradient[:rows] if "rows only" in meaning(case, "grad_ctx") else gradient
    for name, value in {
        "loss": loss,
        "logits": logits,
        "pos_cam": maps,
        "grad_ctx": first[..., ::step],
        "grad_norm": gradient.double().norm(),
    }.items():
        assert_within(value.detach().numpy(), case, name)


def check_schedule(case: Case) -> None:
    for variant, (steps, warmup) in PUBLISHED_SCHEDULES.items():
        if f"{variant}_iter" not in case.arrays:
            continue
        rate = case.spec["inputs"]["base_lr"]
        settings = PromptsSettings(steps=steps, warmup_steps=warmup, learning_rate=rate)
        rates = [learning_rate(int(step), steps, settings) for step in case.arrays[f"{variant}_iter"]]
        assert_within(np.array(rates), case, f"{variant}_lr")


def check_start(case: Case) -> None:
    for variant, (shape, std, text) in PUBLISHED_STARTS.items():
        if variant not in case.arrays:
            continue
        assert seed_of(text) == case.arrays[f"{variant}_seed"]
        start = random_context(shape, std, seed_of(text))
        norm = np.linalg.norm(start.numpy().astype(np.float64))
        np.testing.assert_allclose(norm, case.arrays[f"{variant}_norm"], rtol=1e-6)
        values = start.flatten()[::START_STEP][:START_VALUES].numpy()
        np.testing.assert_allclose(values, case.arrays[variant], rtol=1e-6)


def check_preprocessing(case: Case) -> None:
    inputs, patch = case.spec["inputs"], 16
    step = inputs["normalised_stride"]
    image_seed, label_seed = (
        int(re.search(r"synthetic_image\(h,w,(\d+)\)", inputs[name])[1])  # type: ignore[index]
        for name in ("image", "label")
    )
    divisor = int(inputs["label"].rsplit("//", 1)[1])
    for height, width in inputs["sizes"]:
        image = synthetic_image(height, width, image_seed)
        label = synthetic_image(height, width, label_seed)[..., 0] // divisor
        size = f"{height}x{width}"
        enlarged = whole_patches(image, patch)
        assert_equal(enlarged, case.arrays[f"u8_{size}"], f"{case.title}: u8_{size}")
        x = CLIP_RGB(enlarged)[:, ::step, ::step]
        np.testing.assert_allclose(x, case.arrays[f"x_{size}"], rtol=1e-6, atol=1e-6)
        for name in case.arrays:
            if found := re.fullmatch(rf"scale([\d.]+)_(u8|lb)_{size}", name):
                target = [round(float(found[1]) * side) for side in (height, width)]
                scaled = resize_image(image, *target) if found[2] == "u8" else resize_labels(label, *target)
                assert_equal(scaled, case.arrays[name], f"{case.title}: {name}")
