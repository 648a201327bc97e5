"""What goes beside learnt words, whether they were trained here or come from a file."""

from collections.abc import Mapping, Sequence

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.card import Plain
from wsss_core.checkpoints.file_names import weights_file
from wsss_core.checkpoints.prompts_store import PromptsCard
from wsss_core.clip.words import words_of
from wsss_core.settings.prompts import PromptTextSettings


def prompt_names(settings: PromptTextSettings, classes: Sequence[str]) -> tuple[str, ...]:
    """What stands in the prompts: the words of the foreground classes, then the backgrounds."""
    return (*words_of(classes, settings.words), *settings.background)


def prompts_card(
    settings: PromptTextSettings, classes: tuple[str, ...], trained_on: Mapping[str, Plain]
) -> PromptsCard:
    """The card of words for these classes and the CLIP that the settings name."""
    return PromptsCard(
        classes=classes,
        names=prompt_names(settings, classes),
        position=settings.position,
        clip=str(settings.clip_weights),
        clip_sha256=sha256_of(weights_file(settings.clip_weights)),
        trained_on=trained_on,
    )
