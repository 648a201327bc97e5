import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from wsss_core.clip.enlarge import bilinear_weights, enlarge

SIDES = st.integers(1, 7)


def maps(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@given(SIDES, SIDES, SIDES, SIDES)
@settings(deadline=None)
def test_enlarging_and_its_gradient_are_those_of_pytorch(h, w, height, width):
    first, second = (maps(2, h, w).requires_grad_() for _ in range(2))
    found = enlarge(first, (height, width))
    expected = functional.interpolate(second[None], (height, width), mode="bilinear")[0]
    assert torch.equal(found, expected)
    weights = maps(2, height, width)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(first.grad, second.grad, rtol=1e-4, atol=1e-5)


@given(SIDES, SIDES)
def test_every_pixel_takes_shares_that_sum_to_1(cells, size):
    weights = bilinear_weights(cells, size, torch.device("cpu"))
    assert weights.shape == (size, cells)
    assert weights.min() >= 0
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(size))
