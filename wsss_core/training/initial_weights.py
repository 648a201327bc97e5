"""Where a network starts: random weights, a file, or the backbone of a trained stage."""

import logging
from pathlib import Path

from wsss_core.checkpoints.pretrained import load_pretrained
from wsss_core.networks.network import Network
from wsss_core.stages.context import StageContext

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


def start_of(weights: Path | None, context: StageContext) -> Path | None:
    """The file `weights`, or the folder of the optional input `classifier`, or None.

    Raises `ValueError` when both are given.
    """
    classifier = context.inputs.get("classifier")
    if weights is not None and classifier is not None:
        raise ValueError(
            f"stage {context.stage!r}: the setting `weights` ({weights}) and the input `classifier` both name a start "
            "of the backbone; remove one of the two"
        )
    return weights or classifier
