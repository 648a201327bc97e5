"""Training of the tag classifier of IRN (Ahn et al., CVPR 2019), whose activation maps start its chain."""

from functools import partial

import numpy as np
import torch

from wsss_core.classifiers.task import ClassifierTask, Recipe
from wsss_core.data.augment import random_longer_side, random_mirror
from wsss_core.data.crops import top_left_crop
from wsss_core.settings.classifier import IrnClassifierSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.loop import fit


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits and publish the network in the stage's folder.

    Raises `ValueError` where there is no image, and what `training.loop.fit` raises.
    """
    settings = context.typed_settings(IrnClassifierSettings)
    torch.manual_seed(context.seed)
    fit(irn_task(settings, context), settings, context)


def irn_task(settings: IrnClassifierSettings, context: StageContext) -> ClassifierTask:
    """The published training; validation looks at the crop at the top left."""
    recipe = Recipe(architecture="irn", augment=partial(augment, settings), validation_crop=top_left_crop)
    return ClassifierTask(settings, context, recipe)


def augment(settings: IrnClassifierSettings, image_HW3: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Longer side and mirror; uint8 RGB (H, W, 3) both ways. There is no colour jitter.

    The original normalises before it mirrors, which is the same.
    """
    image_HW3 = random_longer_side(image_HW3, generator, *settings.longer_side)
    return random_mirror([image_HW3], generator)[0] if settings.mirror else image_HW3
