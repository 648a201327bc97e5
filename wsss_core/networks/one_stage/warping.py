"""Reading a feature map at positions between its cells.

Written with gathers, whose gradient has a form with equal bytes for equal inputs on every device; that of
`grid_sample` has none on a GPU.
"""

import torch


def sample_bilinear(features_BDhw: torch.Tensor, position_BHW2: torch.Tensor) -> torch.Tensor:
    """Values (B, D, H, W) at positions (x, y) in -1..1, where -1 and 1 are the centres of the outermost cells.

    Bilinear between cells, 0 outside of the map: `grid_sample` with zeros and corners aligned. Positions are float32
    whatever the precision of the features: bfloat16 cannot tell neighbouring cells apart.
    """
    height, width = features_BDhw.shape[2:]
    x_BHW = (position_BHW2[..., 0] + 1) / 2 * (width - 1)
    y_BHW = (position_BHW2[..., 1] + 1) / 2 * (height - 1)
    left_BHW, top_BHW = x_BHW.detach().floor(), y_BHW.detach().floor()
    across_BHW, down_BHW = x_BHW - left_BHW, y_BHW - top_BHW
    corners = (
        (left_BHW, top_BHW, (1 - across_BHW) * (1 - down_BHW)),
        (left_BHW + 1, top_BHW, across_BHW * (1 - down_BHW)),
        (left_BHW, top_BHW + 1, (1 - across_BHW) * down_BHW),
        (left_BHW + 1, top_BHW + 1, across_BHW * down_BHW),
    )
    total = None
    for column_BHW, row_BHW, share_BHW in corners:
        inside_BHW = (column_BHW >= 0) & (column_BHW < width) & (row_BHW >= 0) & (row_BHW < height)
        share_B1HW = (share_BHW * inside_BHW)[:, None].to(features_BDhw)
        value = _cells(features_BDhw, column_BHW, row_BHW) * share_B1HW
        total = value if total is None else total + value
    assert total is not None
    return total


def _cells(features_BDhw: torch.Tensor, column_BHW: torch.Tensor, row_BHW: torch.Tensor) -> torch.Tensor:
    """The cells (B, D, H, W) at whole positions; any cell where the position lies outside."""
    batch, channels, height, width = features_BDhw.shape
    index_BHW = row_BHW.clamp(0, height - 1) * width + column_BHW.clamp(0, width - 1)
    index_BDP = index_BHW.long().flatten(1)[:, None].expand(batch, channels, -1)
    return features_BDhw.flatten(2).gather(2, index_BDP).unflatten(2, tuple(index_BHW.shape[1:]))
