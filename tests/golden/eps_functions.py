"""Checks of the function cases: crops with fixed random draws, the optimiser, the schedule, the parameter groups."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak
from golden.eps_setting import call_arguments, label_map, layout, number, numbers, picture, sampled
from golden.synthetic import synthetic_image, synthetic_input

from wsss_core.checkpoints.deeplab_layout import to_own_name
from wsss_core.classifiers.eps import augmented
from wsss_core.data.augment import rescale_longer_side
from wsss_core.data.crops import random_crop
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB
from wsss_core.settings.classifier import EpsClassifierSettings
from wsss_core.settings.segmenter import DeepLabV2Settings
from wsss_core.settings.training import LoopSettings
from wsss_core.training.labelled_crop import deeplab_crop
from wsss_core.training.optimisers import build_optimiser, set_learning_rate
from wsss_core.training.schedules import learning_rate

TOLERANCE = 1e-5
DEEPLAB_TOLERANCE = 1e-4
RATES = (1, 2, 10, 20)
"""Factors of the four groups of the optimiser."""
NO_JITTER = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0)


@dataclass
class FixedDraws(np.random.Generator):
    """A generator that gives what it was told, in order: integers and shares."""

    whole: list[int]
    shares: list[float] = field(default_factory=list)

    def __init__(self, whole: Sequence[int], shares: Sequence[float] = ()) -> None:
        super().__init__(np.random.PCG64(0))
        self.whole, self.shares = list(whole), list(shares)

    def integers(self, low: int, high: int | None = None) -> int:  # type: ignore[override]
        drawn = self.whole.pop(0)
        lowest, end = (0, low) if high is None else (low, high)
        assert lowest <= drawn < end, f"{drawn} cannot be drawn from {lowest}..{end - 1}"
        return drawn

    def random(self) -> float:  # type: ignore[override]
        return self.shares.pop(0)


def offsets(size_hw: tuple[int, int], crop: int, draws: random.Random) -> list[int]:
    """Row and column of a crop, or of a smaller image in it; the original draws the column first."""
    column, row = (draws.randrange(abs(side - crop) + 1) for side in size_hw[::-1])
    return [row, column]


def check_crops(case: Case) -> None:
    text = case.spec["inputs"]
    image_HW3, crop = picture(text), int(number(text, "crop #"))
    saliency_HW = saliency_of(text)
    low, high = numbers(re.findall(r"resize range \((\d+, \d+)\)", text)[0])
    settings = EpsClassifierSettings(longer_side=(low, high), crop=crop, **NO_JITTER)
    for name, recorded in case.arrays.items():
        draws = random.Random(int(number(text, r"random.seed\(#\+t")) + numbers(name)[0])
        length = draws.randint(low, high)
        size_hw = rescale_longer_side(image_HW3, length).shape[:2]
        if name.startswith("cls_image"):
            new = plain_crop(image_HW3, length, crop, FixedDraws(offsets(size_hw, crop, draws)))
        else:
            share = 1 - draws.random()  # the original mirrors above a half, we below
            fixed = FixedDraws([length, *offsets(size_hw, crop, draws)], [share])
            new_image, new_saliency = augmented(image_HW3, saliency_HW, settings, IMAGENET_RGB, fixed)
            new = new_image if name.startswith("image") else new_saliency[None]
        assert_close_to_peak(new.reshape(recorded.shape), recorded, TOLERANCE, f"{case.title}: {name}")


def plain_crop(image_HW3: np.ndarray, length: int, crop: int, fixed: FixedDraws) -> np.ndarray:
    """The baseline's crop, its first channel."""
    normalised_3HW = IMAGENET_RGB(rescale_longer_side(image_HW3, length))
    return random_crop([normalised_3HW.transpose(1, 2, 0)], crop, fixed, [0.0])[0][..., 0]


def saliency_of(text: str) -> np.ndarray:
    """`saliency = clip((mean_rgb(synthetic_image(37,54,2))-90)*4, 0, 255) as uint8`."""
    recipe = text[text.index("saliency =") :]
    height, width, seed = call_arguments(recipe, "synthetic_image")
    mean_HW = synthetic_image(height, width, seed).astype(np.float64).mean(axis=2)
    less, times = number(recipe, r"\)\)-#\)"), number(recipe, r"\)\*#,")
    return np.clip((mean_HW - less) * times, 0, 255).astype(np.uint8)


def check_deeplab_crops(case: Case) -> None:
    text = case.spec["inputs"]
    image_HW3, crop = picture(text), int(number(text, "crop #"))
    found = re.search(r"label_map\('[^']+',\((\d+,\d+)\),(\d+),(\d+)\)", text)
    assert found is not None, f"{case.title}: expected the recipe of the labels"
    height, width, classes, seed = numbers(f"{found[1]} {found[2]} {found[3]}")
    label_HW = label_map(case.name, (height, width), classes, seed)
    factors = DeepLabV2Settings().rescale_factors
    assert factors is not None
    for name, recorded in case.arrays.items():
        draws = random.Random(int(number(text, r"random.seed\(#\+t")) + numbers(name)[0])
        factor = draws.choice(factors)
        sides = [max(crop, int(side * factor)) for side in (height, width)]
        fixed = FixedDraws([draws.randint(0, side - crop) for side in sides], [draws.random()])
        made = deeplab_crop(image_HW3, label_HW, factor, crop, True, fixed)
        if name.startswith("label"):
            np.testing.assert_array_equal(made.label_HW, recorded, err_msg=f"{case.title}: {name}")
        else:
            new = made.normalised(CAFFE_BGR)
            new = sampled(case, "image0", new) if new.shape != recorded.shape else new
            assert_close_to_peak(new, recorded, DEEPLAB_TOLERANCE, f"{case.title}: {name}")


def check_optimiser(case: Case) -> None:
    text = case.spec["inputs"]
    total, steps, decay = int(number(text, "max_step #")), int(number(text, ", # steps")), number(text, "decay #")
    shape = tuple(numbers(re.findall(r"p<i>', \(([\d, ]+)\)", text)[0]))
    seed = int(number(text, r"p<i>', \([\d, ]+\), #\)"))
    # The original hands its decay to SGD in the place of the momentum.
    settings = LoopSettings(steps=total, learning_rate=number(text, "lr #"), weight_decay=decay, momentum=decay)
    names = [f"p{index}" for index in range(len(RATES))]
    values = {name: synthetic_input(f"{case.name}:{name}", shape, seed) for name in names}
    module = torch.nn.ParameterDict({name: torch.from_numpy(value) for name, value in values.items()})
    optimiser = build_optimiser(module, [[name] for name in names], settings)
    for key, array in (("momentum", "sgd_momentum"), ("weight_decay", "sgd_weight_decay")):
        np.testing.assert_allclose([group[key] for group in optimiser.param_groups], case.arrays[array])
    for step in range(steps):
        set_learning_rate(optimiser, learning_rate(step, total, settings))
        rates = [group["lr"] for group in optimiser.param_groups]
        np.testing.assert_allclose(rates, case.arrays["lrs"][step], rtol=1e-9)
        for index, parameter in enumerate(module.values()):
            parameter.grad = torch.from_numpy(synthetic_input(f"{case.name}:g{index}:{step}", shape, seed))
        optimiser.step()
        new = np.stack([parameter.detach().numpy() for parameter in module.values()])
        assert_close_to_peak(new, case.arrays["values"][step], TOLERANCE, f"{case.title}: step {step}")


def check_rates(case: Case) -> None:
    text = case.spec["inputs"]
    base, total, every = number(text, "base lr #"), int(number(text, "iter_max #")), int(number(text, "step_size #"))
    factors = numbers(re.findall(r"groups ([\dx/]+)", text)[0])
    settings = LoopSettings(
        steps=total, learning_rate=base, rate_every_steps=every, power=number(text, "power #"), schedule="poly"
    )
    found = [[learning_rate(step, total, settings) * factor for factor in factors] for step in range(total)]
    np.testing.assert_allclose(found, case.arrays["lrs"], rtol=1e-9)


def check_groups(case: Case) -> None:
    with torch.device("meta"):
        net = build_segmenter("deeplab_v2", "resnet101_caffe", layout(case)["base.aspp.c0.weight"][0])
    net.freeze()
    old_weights, old_biases, new_weights, new_biases = (set(names) for names in net.parameter_groups())
    assert not old_biases
    for name, found in (("group_1x", old_weights), ("group_10x", new_weights), ("group_20x", new_biases)):
        recorded = {to_own_name(str(entry)) for entry in case.arrays[name]}
        assert found == recorded, f"{case.title}: {name}"
