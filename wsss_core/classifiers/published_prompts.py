"""Learnt words from a file as a stage, in place of a training."""

import logging

import torch

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.file_names import weights_file
from wsss_core.checkpoints.prompts_store import read_context, save_prompts
from wsss_core.classifiers.prompts_card import prompt_names, prompts_card
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.settings.prompts import PublishedPromptsSettings
from wsss_core.stages.context import StageContext
from wsss_core.training import history
from wsss_core.training.processes import main_only

logger = logging.getLogger(__name__)


@main_only
def train(context: StageContext) -> None:
    """Read the words and publish them like trained ones, without a history.

    Raises `ValueError` where they do not fit the CLIP and the list of names, and what reading them raises.
    """
    settings = context.typed_settings(PublishedPromptsSettings)
    words = PromptContext(read_context(settings.weights))
    classes = context.manifest.classes[1:]
    clip = load_clip(settings.clip_weights)
    with torch.no_grad():  # their use shows whether they fit
        text = TextPrompts(clip, prompt_names(settings, classes), words.words, settings.position)
        words(text.placeholder_GLD, text.order_GL)
    file = weights_file(settings.weights)
    card = prompts_card(settings, classes, {"file": str(file), "sha256": sha256_of(file)})
    save_prompts(context.folder, card, words)
    history.publish([], context.folder)
    logger.info("prompts from %s: nothing to train", file)
