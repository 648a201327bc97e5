"""What the card of a trained network says about its training."""

from wsss_core.checkpoints.card import Plain
from wsss_core.stages.context import StageContext


def trained_on(context: StageContext, images: int) -> dict[str, Plain]:
    """Data set, splits, number of training images and seed, as plain values."""
    return {
        "dataset": context.manifest.dataset,
        "splits": list(context.splits),
        "images": images,
        "seed": context.seed,
    }
