"""Training of the tag classifier whose activation maps start the chain (PSA, Ahn & Kwak, CVPR 2018)."""

from functools import partial

import numpy as np
import torch

from wsss_core.classifiers.task import ClassifierTask, Recipe
from wsss_core.data.augment import random_longer_side, random_mirror
from wsss_core.data.crops import centre_crop
from wsss_core.settings.classifier import PsaClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.colour import jittered
from wsss_core.training.loop import fit


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits and publish the network in the stage's folder.

    Raises `ValueError` where there is no image, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(PsaClassifierSettings)
    torch.manual_seed(context.seed)
    fit(psa_task(settings, context), settings, context)


def psa_task(settings: PsaClassifierSettings, context: StageContext) -> ClassifierTask:
    """The published training; validation looks at the central crop."""
    recipe = Recipe(architecture=None, augment=partial(augment, settings), validation_crop=centre_crop)
    task = ClassifierTask(settings, context, recipe)
    if settings.dropout is not None:
        task.network.get_submodule("drop7").p = settings.dropout  # type: ignore[assignment]
    return task


def augment(settings: PsaClassifierSettings, image_HW3: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The published order up to normalisation: longer side, mirror, colour jitter; uint8 RGB (H, W, 3) both ways."""
    image_HW3 = random_longer_side(image_HW3, generator, *settings.longer_side)
    if settings.mirror:
        (image_HW3,) = random_mirror([image_HW3], generator)
    return jittered(image_HW3, settings, generator)
