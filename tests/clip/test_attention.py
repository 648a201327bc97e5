import numpy as np
import pytest
import torch
from tiny_clip import tiny_clip

from wsss_core.cams.gradcam import softmax_gradcam
from wsss_core.clip.attention import image_attention

TEXT = torch.randn((4, 16), generator=torch.Generator().manual_seed(0))


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (64, 16)])
@pytest.mark.parametrize("blocks", [1, 2, 3, 9])
def test_it_is_that_of_grad_cam(size: tuple[int, int], blocks: int) -> None:
    clip, image = tiny_clip(), picture(*size)
    _, expected = softmax_gradcam(clip, TEXT, image, [1], 2, attention_blocks=blocks)
    found = image_attention(clip, image, blocks)
    assert expected is not None
    assert (found.dtype, found.shape) == (np.float16, expected.shape)
    np.testing.assert_array_equal(found, expected)


def test_in_bfloat16_it_is_nearly_the_same() -> None:
    clip, image = tiny_clip(), picture(64, 64)
    exact, rounded = image_attention(clip, image, 2), image_attention(clip, image, 2, "bfloat16")
    assert np.abs(rounded.astype(float) - exact).max() < 0.1 * exact.max()
    assert not np.array_equal(rounded, exact)
