"""CLIP's networks: against Hugging Face's, and the laws that FMA-WSSS relies on."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_clip import SIZE, tiny_clip

from wsss_core.networks.clip.blocks import Attention, LayerNorm, QuickGELU, Transformer

HEIGHTS = st.integers(1, 6)


def pictures(height: int, width: int, count: int = 2) -> torch.Tensor:
    return torch.randn((count, 3, height, width), generator=torch.Generator().manual_seed(height * width))


@given(HEIGHTS, HEIGHTS)
@settings(max_examples=10, deadline=None)
def test_running_up_to_the_last_block_and_on_is_running_through(rows: int, columns: int) -> None:
    visual = tiny_clip().visual
    image = pictures(16 * rows, 16 * columns)
    whole = visual(image)
    for blocks in (0, 1, visual.blocks):
        before = visual.before_last_block(image, attention_blocks=blocks)
        tokens, last = visual.after_last_norm(before.x_BLD, visual.last_norm(before.x_BLD))
        torch.testing.assert_close(tokens, whole, rtol=1e-4, atol=1e-5)
        assert before.grid_hw == (rows, columns)
        assert len(before.attention) == max(0, blocks - 1)
        for weights in (*before.attention, last):
            assert weights.shape == (2, 1 + rows * columns, 1 + rows * columns)
            torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:2]))


@given(st.integers(1, 4), st.integers(1, 9), st.sampled_from([1, 2, 4]))
@settings(max_examples=15, deadline=None)
def test_attention_is_the_same_with_and_without_its_weights(batch: int, length: int, heads: int) -> None:
    torch.manual_seed(length)
    attention = Attention(8, heads)
    x = torch.randn(batch, length, 8)
    found, _ = attention.with_weights(x)
    torch.testing.assert_close(found, attention(x, causal=False), rtol=1e-4, atol=1e-6)
    reference = torch.nn.MultiheadAttention(8, heads, batch_first=True)
    reference.load_state_dict(attention.state_dict())
    expected, weights = reference(x, x, x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(attention.with_weights(x)[1], weights, rtol=1e-4, atol=1e-6)


def test_positions_of_the_training_grid_stay_and_others_are_resized_bilinearly() -> None:
    visual = tiny_clip().visual
    assert visual.positions((4, 4)) is visual.positional_embedding
    halved = visual.positions((2, 2))
    torch.testing.assert_close(halved[0], visual.positional_embedding[0])
    square = visual.positional_embedding[1:].unflatten(0, (4, 4))
    torch.testing.assert_close(halved[1], square[:2, :2].mean(dim=(0, 1)))


def test_an_image_that_is_no_whole_number_of_patches_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 16 pixels, found 32x40"):
        tiny_clip().visual(pictures(32, 40))


@given(st.lists(st.integers(1, 76), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_words_behind_the_end_do_not_matter(ends: list[int]) -> None:
    clip, end_G = tiny_clip(), torch.tensor(ends)
    words = torch.randn((len(ends), 77, 16), generator=torch.Generator().manual_seed(sum(ends)))
    found = clip.text_features(words, end_G)
    for row, end in enumerate(ends):
        changed = words.clone()
        changed[row, end + 1 :] = 7.0
        torch.testing.assert_close(clip.text_features(changed, end_G)[row], found[row], rtol=1e-4, atol=1e-5)
        alone = clip.text_features(words[row : row + 1, : end + 1], end_G[row : row + 1])[0]
        torch.testing.assert_close(alone, found[row], rtol=1e-4, atol=1e-5)


def test_logits_are_scaled_cosines() -> None:
    clip = tiny_clip()
    image, text = torch.randn(2, 16), torch.randn(3, 16)
    expected = clip.logit_scale.exp() * torch.cosine_similarity(image[:, None], text[None], dim=-1)
    torch.testing.assert_close(clip.logits(5 * image, text / 3), expected)


def test_layer_norm_computes_in_float32_and_keeps_the_type() -> None:
    norm = LayerNorm(64)
    x = 300 + torch.randn(5, 64)
    found = norm(x.half())
    assert found.dtype == torch.float16
    torch.testing.assert_close(found.float(), norm(x.half().float()), rtol=1e-3, atol=1e-3)


def test_activations_and_sizes() -> None:
    x = torch.linspace(-3, 3, 7)
    torch.testing.assert_close(QuickGELU()(x), x / (1 + torch.exp(-1.702 * x)))
    exact = tiny_clip(replace(SIZE, quick_gelu=False, text_blocks=1, image_blocks=1))
    assert type(exact.transformer.resblocks[0].mlp.gelu) is torch.nn.GELU
    with pytest.raises(ValueError, match="5 heads share evenly, found 16"):
        Attention(16, 5)
    with pytest.raises(ValueError, match="at least one block, found 0"):
        Transformer(16, 2, 0, True)


def test_image_features_leave_the_class_token_out() -> None:
    clip = tiny_clip()
    tokens = torch.randn(2, 5, 32)
    changed = tokens.clone()
    changed[:, 0] = 9.0
    torch.testing.assert_close(clip.image_features(changed), clip.image_features(tokens))
    torch.testing.assert_close(clip.image_features(tokens), tokens[:, 1:].mean(dim=1) @ clip.visual.proj)
