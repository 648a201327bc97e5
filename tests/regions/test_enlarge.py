import pytest
import torch
from torch.nn import functional

from wsss_core.regions.enlarge import Enlarger, resized_size


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [((375, 500), (768, 1024)), ((480, 640), (768, 1024)), ((500, 333), (1024, 682)), ((1, 5000), (1, 1024))],
)
def test_long_side_fits_and_the_other_is_rounded_half_up(size_hw, expected):
    assert resized_size(size_hw, 1024) == expected


@pytest.mark.parametrize("size_hw", [(37, 50), (50, 21), (90, 120), (1, 7), (16, 16)])
def test_one_product_equals_enlarging_cutting_and_resizing(size_hw):
    logits = torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0))
    height, width = resized_size(size_hw, 64)
    square = functional.interpolate(logits[None], (64, 64), mode="bilinear", align_corners=False)
    expected = functional.interpolate(square[..., :height, :width], size_hw, mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(Enlarger(16, 64, size_hw)(logits), expected, rtol=1e-4, atol=1e-5)


def test_logits_beyond_the_image_are_not_needed():
    logits = torch.randn(2, 16, 16, generator=torch.Generator().manual_seed(0))
    enlarge = Enlarger(16, 64, (32, 64))
    # 32 of 64 rows hold image: 8 logits, and one more that the last pixel row is interpolated from.
    torch.testing.assert_close(enlarge(logits[:, :9]), enlarge(logits))
    assert not torch.allclose(enlarge(logits[:, :8]), enlarge(logits))
