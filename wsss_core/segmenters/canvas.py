"""What the grid of scores of a trained network spans: whole cells, or the image."""

from typing import cast, get_args

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.settings.cams import Canvas

CANVAS_KEY = "canvas"
"""Where a training notes it in the card."""
PUBLISHED_ON_IMAGE = ("deeplab_v2",)
"""Architectures whose published networks were trained on grids that span the image."""


def canvas_of(card: NetworkCard) -> Canvas:
    """As the network's training had it; for networks from files, as published for the architecture."""
    noted = card.trained_on.get(CANVAS_KEY)
    if noted in get_args(Canvas):
        return cast(Canvas, noted)
    return "image" if card.architecture in PUBLISHED_ON_IMAGE else "cells"
