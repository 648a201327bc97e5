"""Training of CLIP's prompts: from tags, or from what seeds say about the CAMs (FMA-WSSS, Yang & Gong, WACV 2024).

CLIP itself stays as it is. Its blocks before the last need no gradient, and of the last one only the CAM loss does.
"""

from collections.abc import Mapping
from pathlib import Path

import torch

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.prompts_store import read_context, save_prompts
from wsss_core.classifiers.average_precision import average_precisions, mean_average_precision
from wsss_core.classifiers.prompt_samples import PromptSamples, validation_image
from wsss_core.classifiers.prompts_card import prompt_names, prompts_card
from wsss_core.classifiers.task import tag_vector
from wsss_core.clip.cam_loss import cam_activation_loss
from wsss_core.clip.context_start import random_context, seed_of
from wsss_core.clip.contrastive_loss import contrastive_loss
from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, positives_of
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.data.images import read_image
from wsss_core.label_ids import is_class
from wsss_core.networks.clip.clip import CLIP, CLIP_RGB
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.settings.prompts import PromptsSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.label_source import RowSource
from wsss_core.training.loop import fit
from wsss_core.training.task import Batch, Figures, Task
from wsss_core.training.trained_on import trained_on


def train(context: StageContext) -> None:
    """Train on the images of the stage's splits and publish the words in the stage's folder.

    Raises `ValueError` for seeds that are missing or do not fit, and what `load_clip` and `training.loop.fit` raise.
    """
    settings = context.typed_settings(PromptsSettings)
    torch.manual_seed(context.seed)
    fit(PromptsTask(settings, context), settings, context)


class PromptsTask(Task):
    """The learnt words, the frozen CLIP, samples and loss."""

    network: PromptContext  # type: ignore[assignment] # not on a backbone: states and results hold the words alone

    def __init__(self, settings: PromptsSettings, context: StageContext) -> None:
        self.settings, self.context = settings, context
        self.classes = context.manifest.classes[1:]
        self.real = [place for place in range(len(self.classes)) if is_class(place + 1)]
        names = prompt_names(settings, self.classes)
        self.clip = load_clip(settings.clip_weights, context.device)
        self.network = PromptContext(start(settings, context.seed, len(names), self.clip))
        self.text = TextPrompts(self.clip, names, self.network.words, settings.position)
        records = context.manifest.select(context.splits)
        seeds = None
        if "seeds" in context.inputs:
            seeds = RowSource(context.inputs["seeds"], context.input_kinds.get("seeds", "seeds"), LabelRow)
            seeds.require([record.image_id for record in records])
        self.samples = PromptSamples(records, len(self.classes), settings, seeds)
        validated = [settings.validation_split] if settings.validation_split else []
        self.validation = context.manifest.select(validated)

    def parameter_groups(self) -> tuple[list[str], ...]:
        """The words, at the plain rate."""
        return (["ctx"], [])

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        """CAM activation loss where the batch has seeds, otherwise the contrastive loss."""
        return self._cam_loss(batch) if "label" in batch else (self._contrastive_loss(batch), {})

    def _contrastive_loss(self, batch: Batch) -> torch.Tensor:
        with torch.no_grad():
            feature_BE = self.clip.image_features(self.clip.visual(batch["image"]))
        scores_BC = self.clip.logits(feature_BE, self.text(self.clip, self.network))[:, : len(self.classes)]
        settings = self.settings
        scores_BC, tags_BC = scores_BC[:, self.real], batch["tags"][:, self.real]
        return contrastive_loss(scores_BC, tags_BC, settings.contrastive_factor, settings.contrastive_mean)

    def _cam_loss(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, float]]:
        text_GE = self.text(self.clip, self.network)
        if not bool(batch["tags"].any()):
            return text_GE.sum() * 0, {"foreground": 0.0, "background": 0.0}
        image = image_pass(self.clip, batch["image"])
        scores_BG = masked_softmax(self.clip.logits(image.feature_BE, text_GE), batch["tags"])
        maps_Phw = class_maps(image, scores_BG, batch["tags"], graph=True)
        positives_P2 = positives_of(batch["tags"])
        loss = cam_activation_loss(
            maps_Phw, positives_P2, batch["label"], self.settings.cam_distance, self.settings.cam_mean
        )
        figures = {name: float(value.detach()) for name, value in loss._asdict().items()}
        return loss.foreground + loss.background, figures

    @torch.no_grad()
    def validate(self) -> Figures:
        """Contrastive loss, AP per class and mAP on whole images of the validation split; nothing where it is empty."""
        if not self.validation:
            return {}
        text_GE = self.text(self.clip, self.network)
        scores_BC = torch.cat([self._scores(record, text_GE) for record in self.validation])
        tags_BC = torch.stack([tag_vector(record, len(self.classes)) for record in self.validation])
        loss = contrastive_loss(
            scores_BC[:, self.real],
            tags_BC[:, self.real] > 0,
            self.settings.contrastive_factor,
            self.settings.contrastive_mean,
        )
        per_class = average_precisions(scores_BC.numpy(), tags_BC.numpy(), self.classes)
        return {"loss": float(loss), "map": mean_average_precision(per_class), "ap": per_class}

    def _scores(self, record: ImageRecord, text_GE: torch.Tensor) -> torch.Tensor:
        """Logits (1, C) of the foreground classes, float32 on the CPU."""
        image_HW3 = validation_image(read_image(record.file), self.settings.longer_side[1], self.clip.visual.patch)
        image_13HW = torch.from_numpy(CLIP_RGB(image_HW3))[None].to(text_GE.device)
        feature_1E = self.clip.image_features(self.clip.visual(image_13HW))
        return self.clip.logits(feature_1E, text_GE)[:, : len(self.classes)].float().cpu()

    def publish(self, folder: Path) -> None:
        """Save the words with all that belongs to them."""
        card = prompts_card(self.settings, self.classes, trained_on(self.context, len(self.samples)))
        save_prompts(folder, card, self.network)


def start(settings: PromptsSettings, seed: int, prompts: int, clip: CLIP) -> torch.Tensor:
    """The words to start from, float32 (M, D) or (G, M, D): those of a file, or random ones."""
    if settings.weights is not None:
        return read_context(settings.weights)
    shape = (settings.context_words, clip.size.text_width)
    number = seed if settings.start_text is None else seed_of(settings.start_text)
    return random_context((prompts, *shape) if settings.per_class else shape, settings.start_std, number)
