import math

import numpy as np
import pytest
import torch

from wsss_core.networks.sam.channel_norm import ChannelNorm
from wsss_core.networks.sam.prompt_encoder import BACKGROUND, FOREGROUND, PromptEncoder

SIDE = 64


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    torch.manual_seed(0)
    return PromptEncoder(width=8, image_side=SIDE).requires_grad_(False)


def code_of(encoder: PromptEncoder, x: float, y: float) -> np.ndarray:
    """The position code by its definition, with numpy."""
    matrix = encoder.pe_layer.positional_encoding_gaussian_matrix.numpy()
    angle = 2 * math.pi * (np.array([2 * x / SIDE - 1, 2 * y / SIDE - 1]) @ matrix)
    return np.concatenate([np.sin(angle), np.cos(angle)])


def test_a_point_is_its_shifted_position_plus_its_kind_and_a_padding_token(encoder):
    tokens = encoder.points(torch.tensor([[[10.0, 20.0], [30.0, 5.0]]]), torch.tensor([[FOREGROUND, BACKGROUND]]))
    kinds = [embedding.weight[0].numpy() for embedding in encoder.point_embeddings]
    assert tokens.shape == (1, 3, 8)
    np.testing.assert_allclose(tokens[0, 0], code_of(encoder, 10.5, 20.5) + kinds[1], atol=1e-4)
    np.testing.assert_allclose(tokens[0, 1], code_of(encoder, 30.5, 5.5) + kinds[0], atol=1e-4)
    assert torch.equal(tokens[0, 2], encoder.not_a_point_embed.weight[0])


def test_a_box_is_its_two_corners_without_padding(encoder):
    tokens = encoder.boxes(torch.tensor([[1.0, 2.0, 40.0, 50.0]]))
    kinds = [embedding.weight[0].numpy() for embedding in encoder.point_embeddings]
    assert tokens.shape == (1, 2, 8)
    np.testing.assert_allclose(tokens[0, 0], code_of(encoder, 1.5, 2.5) + kinds[2], atol=1e-4)
    np.testing.assert_allclose(tokens[0, 1], code_of(encoder, 40.5, 50.5) + kinds[3], atol=1e-4)


def test_grid_code_is_that_of_the_cell_centres(encoder):
    code = encoder.pe_layer.grid(4, 8)
    assert code.shape == (8, 4, 8)
    np.testing.assert_allclose(code[:, 1, 6], code_of(encoder, 6.5 * SIDE / 8, 1.5 * SIDE / 4), atol=1e-4)


def test_mask_prompts_shrink_fourfold_and_the_missing_mask_is_one_vector(encoder):
    assert encoder.masks(torch.randn(2, 1, 16, 16)).shape == (2, 8, 4, 4)
    assert torch.equal(encoder.no_mask()[0, :, 0, 0], encoder.no_mask_embed.weight[0])


def test_channel_norm_normalises_each_pixel_over_its_channels():
    norm = ChannelNorm(6)
    norm.weight.data.uniform_(0.5, 2)
    norm.bias.data.normal_()
    x = torch.randn(2, 6, 3, 4)
    centred = x - x.mean(1, keepdim=True)
    expected = centred / (x.var(1, keepdim=True, unbiased=False) + 1e-6).sqrt()
    expected = expected * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected, rtol=1e-4, atol=1e-5)
