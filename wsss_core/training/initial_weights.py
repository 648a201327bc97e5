"""Where a network starts: random weights, a file, or the backbone of a trained stage."""

import logging
from pathlib import Path

from wsss_core.checkpoints.pretrained import load_pretrained
from wsss_core.networks.network import Network

logger = logging.getLogger(__name__)


def start_backbone(network: Network, source: Path | None, freeze: bool | None) -> None:
    """Load the backbone from `source` (a weight file, or the folder of a trained network) and freeze what the recipe
    keeps of it.

    `freeze` None: exactly when there is a source, for random layers must learn. The network takes over the input rule
    of the weights. Raises what `load_pretrained` raises.
    """
    if source is not None:
        loaded = load_pretrained(network, source)
        logger.info(
            "backbone from %s (%s names), %d tensors start at random", source, loaded.layout, len(loaded.left_random)
        )
    if freeze if freeze is not None else source is not None:
        network.freeze()
