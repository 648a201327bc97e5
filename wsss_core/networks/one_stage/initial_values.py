"""How the new layers of the one-stage networks start."""

from torch import nn


def start_convolutions(module: nn.Module) -> None:
    """Kaiming-normal weights (fan in, for ReLU) and zero biases in every convolution of `module`."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
