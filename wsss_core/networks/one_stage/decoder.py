"""The decoder that WS-FCN and its parent share (Araslanov & Roth, CVPR 2020): two units and a classifier."""

from torch import nn

from wsss_core.networks.one_stage.initial_values import start_convolutions


def mask_decoder(width: int, classes: int) -> nn.Sequential:
    """From the gated feature (B, width, h, w) to the scores (B, C, h, w) of the foreground classes.

    The positions in the sequence are those of the published checkpoints.
    """
    decoder = nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Dropout(0.1),
        nn.Conv2d(width, classes, 1),
    )
    start_convolutions(decoder)
    return decoder
