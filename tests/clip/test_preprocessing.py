import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.clip.preprocessing import whole_patches


@given(st.integers(1, 70), st.integers(1, 70))
def test_images_are_enlarged_to_whole_patches(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    found = whole_patches(image, 16)
    assert found.shape[0] % 16 == found.shape[1] % 16 == 0
    assert 0 <= found.shape[0] - height < 16
    assert 0 <= found.shape[1] - width < 16
    if found.shape == image.shape:
        assert found is image


def test_the_filter_is_pillows_bicubic_one() -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 33, 3)).astype(np.uint8)
    expected = Image.fromarray(image).resize((48, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(whole_patches(image, 16), np.asarray(expected))
