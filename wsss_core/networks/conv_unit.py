"""The unit most layers here are made of: convolution, BatchNorm, ReLU."""

from torch import nn


def conv_unit(width_in: int, width_out: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution without bias (padded so that stride 1 keeps the grid), BatchNorm and ReLU: (B, width_in, h, w) to
    (B, width_out, ceil(h/stride), ceil(w/stride)). `kernel` is odd.
    """
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(width_in, width_out, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(width_out),
        nn.ReLU(inplace=True),
    )
