"""A trained network from a file as a stage, in place of a training: the methods `published` of all kinds."""

import logging
from typing import cast

import torch

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.file_names import CARD_NAME, weights_file
from wsss_core.checkpoints.pretrained import fitting_state, load_pretrained
from wsss_core.checkpoints.store import read_card, save_network
from wsss_core.networks.factory import Option, Role, build_network, stride_option
from wsss_core.networks.names import DEFAULT_ARCHITECTURES
from wsss_core.networks.network import Network
from wsss_core.settings.published import PublishedSettings
from wsss_core.stages.context import StageContext
from wsss_core.training import history
from wsss_core.training.processes import main_only

logger = logging.getLogger(__name__)


@main_only
def train(context: StageContext) -> None:
    """Load the file into the network that the settings name, and publish it like a trained one, without a history.

    The channels of the head are taken for the classes of the data, in their order; their number is checked.
    Raises `ValueError` where the file does not fit entirely, and what `load_pretrained` raises.
    """
    settings = context.typed_settings(PublishedSettings)
    role = cast(Role, context.kind)
    classes = head_classes(role, context.manifest.classes)
    options = backbone_options(settings, role, classes)
    network = build(settings, role, classes, options)
    loaded = load_pretrained(network, settings.weights, with_head=True)
    file = weights_file(settings.weights)
    card = NetworkCard(
        role=role,
        backbone=settings.network,
        classes=classes,
        normalisation=loaded.normalisation,
        architecture=settings.architecture,
        options=options,
        trained_on={"file": str(file), "sha256": sha256_of(file), "names": loaded.layout},
    )
    save_network(context.folder, card, network.state_dict())
    history.publish([], context.folder)
    logger.info("%s from %s (%s names): nothing to train", role, file, loaded.layout)


def check(settings: PublishedSettings, role: Role, all_classes: tuple[str, ...]) -> str:
    """Name of the file's naming, if `train` would take the file; `all_classes` begin with the background.

    No memory is taken for the network. Raises as `train`.
    """
    classes = head_classes(role, all_classes)
    with torch.device("meta"):
        network = build(settings, role, classes, backbone_options(settings, role, classes))
    layout, _ = fitting_state(network, weights_file(settings.weights), with_head=True)
    return layout.name


def head_classes(role: Role, all_classes: tuple[str, ...]) -> tuple[str, ...]:
    """The foreground classes that a network of the role knows; an affinity net knows none."""
    return () if role == "affinity" else all_classes[1:]


def build(settings: PublishedSettings, role: Role, classes: tuple[str, ...], options: dict[str, Option]) -> Network:
    """The network that the settings name, with random weights."""
    return build_network(role, settings.network, settings.architecture, len(classes), **options)


def backbone_options(settings: PublishedSettings, role: Role, classes: tuple[str, ...]) -> dict[str, Option]:
    """Constructor options of the backbone: of the card where the weights lie beside one, else as the settings say.

    Raises `ValueError` where the card speaks of another network than the settings and the data.
    """
    folder = weights_file(settings.weights).parent
    if not (folder / CARD_NAME).is_file():
        return stride_option(settings.network, getattr(settings, "output_stride", None))
    card = read_card(folder)
    expected = (role, settings.network, settings.architecture, classes)
    found = (card.role, card.backbone, card.architecture or DEFAULT_ARCHITECTURES[card.role], card.classes)
    for what, wanted, there in zip(("role", "network", "architecture", "classes"), expected, found, strict=True):
        if wanted != there:
            raise ValueError(
                f"{folder / CARD_NAME}: expected {what} {wanted!r}, as the settings and the data say, found {there!r}; "
                "correct the settings, or use another network"
            )
    return dict(card.options)
