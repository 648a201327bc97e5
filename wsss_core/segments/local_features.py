"""What a pixel knows besides its embedding: where it lies, and its blurred colour (SPML, Ke et al., ICLR 2021)."""

import torch
from torch.nn import functional

KERNEL_SIDE = 5
SMALLEST_RANGE = 1e-12


def location(height: int, width: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Place (y, x) of every pixel, float32 (h, w, 2), from -0.5 to 0.5 along each side."""
    y_h, x_w = (torch.linspace(0, 1, count, device=device) - 0.5 for count in (height, width))
    return torch.stack(torch.meshgrid(y_h, x_w, indexing="ij"), dim=-1)


def blur_kernel(side: int = KERNEL_SIDE) -> torch.Tensor:
    """The published blur, float32 (side, side), sum 1: each weight is the distance from the centre, where it is 0.

    Meant as a Gaussian, but its exponential is missing in the public code; networks were trained with it.
    """
    offset = torch.arange(side, dtype=torch.float32) - side // 2
    distance = (offset[:, None] ** 2 + offset[None] ** 2).sqrt()
    return distance / distance.sum()


def colour(image_B3HW: torch.Tensor, size_hw: tuple[int, int], kernel: torch.Tensor | None = None) -> torch.Tensor:
    """Blurred colours, float32 (B, h, w, 3): each channel of each image with mean 0 and largest magnitude 1.

    image_B3HW: the normalised batch, at least as large as the kernel. kernel: (side, side) for all channels, or
    (3, 1, side, side); None: `blur_kernel`. A channel of one colour gives 0 (the public code gives NaN).
    """
    weight = blur_kernel() if kernel is None else kernel
    weight_31ss = weight.to(image_B3HW).expand(3, 1, *weight.shape[-2:])
    blurred = functional.conv2d(image_B3HW, weight_31ss, groups=3)
    small = functional.interpolate(blurred, size=size_hw, mode="bilinear")
    centred = small - small.mean(dim=(2, 3), keepdim=True)
    scaled = centred / centred.abs().amax(dim=(2, 3), keepdim=True).clamp(min=SMALLEST_RANGE)
    return scaled.permute(0, 2, 3, 1)


def local_features(
    image_B3HW: torch.Tensor, size_hw: tuple[int, int], with_colour: bool, kernel: torch.Tensor | None = None
) -> torch.Tensor:
    """Place, and after it the colour if wanted, of every cell of a grid: float32 (B, h, w, 2 or 5)."""
    place_Bhw2 = location(*size_hw, device=image_B3HW.device).expand(len(image_B3HW), -1, -1, -1)
    if not with_colour:
        return place_Bhw2
    return torch.cat([place_Bhw2, colour(image_B3HW, size_hw, kernel)], dim=-1)
