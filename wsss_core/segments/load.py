"""A network of SPML from a stage's folder, ready to be asked."""

from pathlib import Path

from wsss_core.checkpoints.store import load_network
from wsss_core.networks.pixel_embedding import PixelEmbedding


def load_embedding(folder: Path, device: str, classes: tuple[str, ...]) -> PixelEmbedding:
    """The network in evaluation mode. classes: names of the data's, background first.

    Raises `ValueError` when it embeds nothing or knows other classes, and what `load_network` raises.
    """
    network, card = load_network(folder, device)
    if not isinstance(network, PixelEmbedding):
        raise ValueError(
            f"{folder}: expected a network that embeds pixels (embedding_deeplab, embedding_pspnet), found "
            f"{card.architecture}; name a stage of the method pixel_to_segment"
        )
    card.require_classes(classes[1:], folder)
    return network
