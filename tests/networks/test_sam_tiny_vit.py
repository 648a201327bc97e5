import copy
from itertools import product

import pytest
import torch

from wsss_core.networks.sam.gelu import Gelu, gelu
from wsss_core.networks.sam.tiny_vit import TinyVit, TinyVitShape, fuse_norms
from wsss_core.networks.sam.tiny_vit_blocks import ConvNorm, TinyVitBlock, WindowAttention, distance_index

TINY = TinyVitShape(
    widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), heads=(1, 2, 2, 2), windows=(2, 2, 3, 2), d_out=16, classes=3
)


def randomised(network: torch.nn.Module) -> torch.nn.Module:
    """Running statistics and biases away from their neutral start, so that a mistake with them shows."""
    generator = torch.Generator().manual_seed(1)
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        if name.endswith("running_var"):
            value.data.uniform_(0.5, 1.5, generator=generator)
        elif value.dtype.is_floating_point and value.ndim == 1:
            value.data.add_(0.2 * torch.randn(value.shape, generator=generator))
    return network.eval()


@pytest.fixture(scope="module")
def encoder() -> TinyVit:
    torch.manual_seed(0)
    return randomised(TinyVit(TINY))


def test_grid_is_a_sixteenth_of_the_image(encoder):
    with torch.no_grad():
        assert encoder(torch.randn(2, 3, 64, 96)).shape == (2, 16, 4, 6)


def test_folding_the_normalisations_keeps_the_output(encoder):
    image = torch.randn(1, 3, 64, 64)
    fused = copy.deepcopy(encoder)
    fuse_norms(fused)
    fuse_norms(fused)
    with torch.no_grad():
        torch.testing.assert_close(fused(image), encoder(image), rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fused.modules())


def test_images_of_a_batch_do_not_mix(encoder):
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(encoder(images)[1:], encoder(images[1:]), rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_layer_that_is_run():
    encoder = TinyVit(TINY)
    encoder(torch.randn(1, 3, 64, 64)).square().sum().backward()
    without = [name for name, value in encoder.named_parameters() if value.grad is None]
    assert {name.split(".")[0] for name in without} == {"norm_head", "head"}


def test_published_shape_has_the_published_parameters():
    names = TinyVit().state_dict()
    assert len(names) == 302
    assert names["layers.2.blocks.5.attn.attention_biases"].shape == (5, 196)
    assert names["layers.3.blocks.1.attn.qkv.weight"].shape == (960, 320)
    assert names["layers.2.downsample.conv2.c.weight"].shape == (320, 1, 3, 3)
    assert names["neck.2.weight"].shape == (256, 256, 3, 3)


def test_distance_index_numbers_the_absolute_distances():
    cells = list(product(range(3), range(3)))
    for (a, (row_a, column_a)), (b, (row_b, column_b)) in product(enumerate(cells), enumerate(cells)):
        assert distance_index(3)[a, b] == abs(row_a - row_b) * 3 + abs(column_a - column_b)


def test_window_attention_is_the_plain_definition_with_a_bias_per_distance():
    torch.manual_seed(0)
    attention = WindowAttention(8, heads=2, window=2)
    attention.attention_biases.data.normal_()
    x_BND = torch.randn(3, 4, 8)
    normed = attention.norm(x_BND)
    projected = attention.qkv(normed).view(3, 4, 2, 12)
    heads = []
    for head in range(2):
        query, key, value = projected[:, :, head].split(4, dim=-1)
        score = query @ key.transpose(1, 2) / 2.0 + attention.attention_biases[head][distance_index(2)]
        heads.append(score.softmax(-1) @ value)
    torch.testing.assert_close(attention(x_BND), attention.proj(torch.cat(heads, dim=-1)))


def test_windows_are_attended_apart_and_incomplete_ones_are_padded_with_zeros():
    torch.manual_seed(0)
    block = TinyVitBlock(8, heads=2, window=2).eval()
    grid = torch.randn(1, 3, 3, 8)
    mixed = block.attend(grid)
    torch.testing.assert_close(mixed[:, :2, :2].reshape(1, 4, 8), block.attn(grid[:, :2, :2].reshape(1, 4, 8)))
    corner = torch.zeros(1, 4, 8)
    corner[0, 0] = grid[0, 2, 2]
    torch.testing.assert_close(mixed[:, 2, 2], block.attn(corner)[:, 0])


def test_strided_convolution_rounds_up():
    assert ConvNorm(4, 6, 3, stride=2).eval()(torch.randn(1, 4, 5, 7)).shape == (1, 6, 3, 4)


def test_gelu_overwrites_only_without_gradients():
    x = torch.linspace(-3, 3, 7)
    expected = torch.nn.functional.gelu(x)
    kept = x.clone()
    torch.testing.assert_close(gelu(kept), expected)
    assert torch.equal(kept, x)
    with torch.no_grad():
        torch.testing.assert_close(Gelu()(kept), expected)
    assert torch.equal(kept, expected)
