"""Building blocks of TinyViT (Wu et al., ECCV 2022) as MobileSAM uses them (Zhang et al., 2023).

Attribute names are those of the published checkpoint, so that its state dict loads strictly.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from wsss_core.networks.sam.gelu import Gelu, gelu


class ConvNorm(nn.Module):
    """A convolution without bias (`c`) followed by batch normalisation (`bn`)."""

    def __init__(self, d_in: int, d_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.c = nn.Conv2d(d_in, d_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(d_out)

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Map (B, d_in, h, w) to (B, d_out, h / stride, w / stride), both rounded up."""
        return self.bn(self.c(x_BDhw))

    def fuse(self) -> None:
        """Fold the running statistics into the convolution: same inference output up to rounding, no separate pass."""
        if isinstance(self.bn, nn.BatchNorm2d):
            self.c = fuse_conv_bn_eval(self.c.eval(), self.bn.eval())
            self.bn = nn.Identity()


class PatchEmbed(nn.Module):
    """Two strided convolutions: image (B, 3, H, W) to features (B, D, H / 4, W / 4)."""

    def __init__(self, d_out: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(ConvNorm(3, d_out // 2, 3, 2), Gelu(), ConvNorm(d_out // 2, d_out, 3, 2))

    def forward(self, x_B3HW: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, H, W) to (B, d_out, H / 4, W / 4), both rounded up."""
        return self.seq(x_B3HW)


class MBConv(nn.Module):
    """Inverted bottleneck (expand, depthwise 3x3, project) with a residual connection and GELU."""

    def __init__(self, channels: int, expand: int = 4) -> None:
        super().__init__()
        hidden = channels * expand
        self.conv1 = ConvNorm(channels, hidden)
        self.conv2 = ConvNorm(hidden, hidden, 3, groups=hidden)
        self.conv3 = ConvNorm(hidden, channels)

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, D, h, w)."""
        hidden_BEhw = gelu(self.conv1(x_BDhw))
        hidden_BEhw = gelu(self.conv2(hidden_BEhw))
        return gelu(self.conv3(hidden_BEhw) + x_BDhw)


class PatchMerging(nn.Module):
    """Widen the channels between two stages and shrink the grid by `stride`."""

    def __init__(self, d_in: int, d_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(d_in, d_out)
        self.conv2 = ConvNorm(d_out, d_out, 3, stride, groups=d_out)
        self.conv3 = ConvNorm(d_out, d_out)

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Map (B, d_in, h, w) to (B, d_out, h / stride, w / stride), both rounded up."""
        x_BEhw = gelu(self.conv1(x_BDhw))
        return self.conv3(gelu(self.conv2(x_BEhw)))


class WindowAttention(nn.Module):
    """Self-attention inside one window with a learned bias per head and absolute (row, column) distance."""

    bias_index_NN: torch.Tensor

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        self.register_buffer("bias_index_NN", distance_index(window), persistent=False)

    def forward(self, x_BND: torch.Tensor) -> torch.Tensor:
        """Map windows (B, N, D), N = window * window in row order, to the same shape."""
        batch, cells, channels = x_BND.shape
        # The published weights hold query, key and value of one head side by side, not all queries first.
        qkv = self.qkv(self.norm(x_BND)).view(batch, cells, self.heads, -1).transpose(1, 2)
        query, key, value = qkv.chunk(3, dim=-1)
        bias_GNN = self.attention_biases[:, self.bias_index_NN]
        # Torch's fused attention falls back to a slower, more careful softmax when it is given such a bias.
        share = (query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2) + bias_GNN).softmax(-1)
        mixed = share.to(value.dtype) @ value
        return self.proj(mixed.transpose(1, 2).reshape(batch, cells, channels))


def distance_index(window: int) -> torch.Tensor:
    """Return int64 (N, N): for two cells of a window the number |row distance| * window + |column distance|."""
    rows = torch.arange(window).repeat_interleave(window)
    columns = torch.arange(window).repeat(window)
    row_distance_NN = (rows[:, None] - rows[None, :]).abs()
    return row_distance_NN * window + (columns[:, None] - columns[None, :]).abs()


class Mlp(nn.Module):
    """Layer normalisation, widening, GELU, narrowing."""

    def __init__(self, channels: int, expand: int = 4) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, channels * expand)
        self.fc2 = nn.Linear(channels * expand, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keep the shape (..., D)."""
        return self.fc2(gelu(self.fc1(self.norm(x))))


class TinyVitBlock(nn.Module):
    """Window attention, a depthwise 3x3 convolution that lets windows talk to each other, and an MLP."""

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(channels, heads, window)
        self.local_conv = ConvNorm(channels, channels, 3, groups=channels)
        self.mlp = Mlp(channels)

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Keep the shape (B, D, h, w)."""
        x_BhwD = x_BDhw.permute(0, 2, 3, 1)
        x_BhwD = x_BhwD + self.attend(x_BhwD)
        x_BhwD = self.local_conv(x_BhwD.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return (x_BhwD + self.mlp(x_BhwD)).permute(0, 3, 1, 2)

    def attend(self, x_BhwD: torch.Tensor) -> torch.Tensor:
        """Attention in windows of a grid (B, h, w, D), which is zero-padded at the right and bottom to whole windows.

        The padding takes part in the attention, as in the published network.
        """
        batch, height, width, channels = x_BhwD.shape
        side = self.window
        padded = functional.pad(x_BhwD, (0, 0, 0, -width % side, 0, -height % side))
        rows, columns = padded.shape[1] // side, padded.shape[2] // side
        windows = padded.view(batch, rows, side, columns, side, channels).transpose(2, 3)
        mixed = self.attn(windows.reshape(-1, side * side, channels))
        mixed = mixed.view(batch, rows, columns, side, side, channels).transpose(2, 3)
        return mixed.reshape(padded.shape)[:, :height, :width]
