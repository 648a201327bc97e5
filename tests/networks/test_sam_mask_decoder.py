import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from wsss_core.networks.sam.mask_decoder import BOX_MASK, POINT_MASKS, DecoderShape, MaskDecoder
from wsss_core.networks.sam.sam import Sam, build_mobile_sam, for_inference
from wsss_core.networks.sam.tiny_vit import TinyVitShape
from wsss_core.networks.sam.token_attention import TokenAttention
from wsss_core.networks.sam.two_way_transformer import TwoWayTransformer

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
GRID_HW = (3, 4)
WIDTH = 32


@pytest.fixture(scope="module")
def decoder() -> MaskDecoder:
    torch.manual_seed(0)
    decoder = MaskDecoder(DecoderShape(width=WIDTH, depth=2, heads=4, hidden=24, iou_hidden=16))
    for value in decoder.parameters():
        value.data += 0.1 * torch.randn_like(value)
    return decoder.requires_grad_(False)


@pytest.fixture(scope="module")
def image() -> tuple[torch.Tensor, torch.Tensor]:
    """Cells and their position code, (D, h, w)."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(WIDTH, *GRID_HW, generator=generator), torch.randn(WIDTH, *GRID_HW, generator=generator)


def prompts(count: int) -> torch.Tensor:
    return torch.randn(count, 2, WIDTH, generator=torch.Generator().manual_seed(2))


def plain_transformer(
    transformer: TwoWayTransformer, cell_BND: torch.Tensor, code_ND: torch.Tensor, prompt_BTD: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The two-way transformer as it is published, with nothing shared and nothing moved."""
    token = prompt_BTD
    for index, layer in enumerate(transformer.layers):
        if index == 0:
            token = layer.self_attn(token, token, token)
        else:
            token = token + layer.self_attn(token + prompt_BTD, token + prompt_BTD, token)
        token = layer.norm1(token)
        token = token + layer.cross_attn_token_to_image(token + prompt_BTD, cell_BND + code_ND, cell_BND)
        token = layer.norm2(token)
        token = layer.norm3(token + layer.mlp(token))
        cell_BND = cell_BND + layer.cross_attn_image_to_token(cell_BND + code_ND, token + prompt_BTD, token)
        cell_BND = layer.norm4(cell_BND)
    token = token + transformer.final_attn_token_to_image(token + prompt_BTD, cell_BND + code_ND, cell_BND)
    return transformer.norm_final_attn(token), cell_BND


def plain_decoder(decoder: MaskDecoder, image: tuple[torch.Tensor, torch.Tensor], prompt: torch.Tensor):
    """Masks and predicted IoU as published: every mask drawn by the upscaling layers themselves."""
    count = len(prompt)
    cell, code = (part.flatten(1).t() for part in image)
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight]).expand(count, -1, -1)
    token, cell = plain_transformer(decoder.transformer, cell.expand(count, -1, -1), code, torch.cat([own, prompt], 1))
    fine = decoder.output_upscaling(cell.transpose(1, 2).reshape(count, WIDTH, *GRID_HW).clone())
    pens = [mlp(token[:, 1 + index]) for index, mlp in enumerate(decoder.output_hypernetworks_mlps)]
    return torch.einsum("bmd,bdhw->bmhw", torch.stack(pens, 1), fine), decoder.iou_prediction_head(token[:, 0])


@pytest.mark.parametrize("gradients", [False, True])
def test_rearranged_decoder_gives_what_the_published_order_gives(decoder, image, gradients):
    prompt = prompts(5)
    with torch.set_grad_enabled(gradients):
        decoded = decoder(prompt, decoder.prepare(image[0], torch.zeros(WIDTH, 1, 1), image[1]))
        drawn = decoder.draw(decoded, GRID_HW)
        masks, iou = plain_decoder(decoder, image, prompt)
    torch.testing.assert_close(decoded.iou_BM, iou, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(drawn, masks, rtol=1e-4, atol=1e-4)


def test_decoding_again_gives_the_same_although_cells_are_overwritten(decoder, image):
    side = decoder.prepare(image[0], torch.ones(WIDTH, 1, 1), image[1])
    with torch.inference_mode():
        first, second = (decoder(prompts(1), side) for _ in range(2))
    assert torch.equal(first.iou_BM, second.iou_BM)
    assert torch.equal(first.cell_BND, second.cell_BND)


def test_prompts_of_a_batch_do_not_mix(decoder, image):
    side = decoder.prepare(image[0], torch.zeros(WIDTH, 1, 1), image[1])
    with torch.inference_mode():
        together, alone = decoder(prompts(5), side), decoder(prompts(5)[3:4], side)
        drawn = decoder.draw(together.select(torch.tensor([3])), GRID_HW)
    torch.testing.assert_close(together.iou_BM[3:4], alone.iou_BM)
    torch.testing.assert_close(drawn, decoder.draw(alone, GRID_HW), rtol=1e-4, atol=1e-5)


def test_drawing_a_corner_or_some_masks_gives_parts_of_the_whole(decoder, image):
    with torch.inference_mode():
        decoded = decoder(prompts(2), decoder.prepare(image[0], torch.zeros(WIDTH, 1, 1), image[1]))
        whole = decoder.draw(decoded, GRID_HW)
        part = decoder.draw(decoded, GRID_HW, POINT_MASKS, keep_hw=(2, 3))
        box = decoder.draw(decoded, GRID_HW, BOX_MASK)
    assert whole.shape == (2, 4, 12, 16)
    torch.testing.assert_close(part, whole[:, 1:, :8, :12], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(box, whole[:, :1], rtol=1e-5, atol=1e-5)


def test_no_prompt_gives_no_mask(decoder, image):
    with torch.inference_mode():
        decoded = decoder(prompts(2), decoder.prepare(image[0], torch.zeros(WIDTH, 1, 1), image[1]))
        none = decoder.draw(decoded.select(torch.zeros(0, dtype=torch.int64)), GRID_HW, POINT_MASKS)
    assert none.shape == (0, 3, 12, 16)


def test_bfloat16_image_side_stays_within_a_few_per_cent(decoder, image):
    with torch.inference_mode():
        results = []
        for dtype in (torch.float32, torch.bfloat16):
            side = decoder.prepare(image[0], torch.zeros(WIDTH, 1, 1), image[1], dtype)
            decoded = decoder(prompts(4), side)
            results.append((decoded.iou_BM, decoder.draw(decoded, GRID_HW)))
    (iou, masks), (rough_iou, rough_masks) = results
    assert rough_masks.dtype == torch.float32
    assert not torch.equal(masks, rough_masks)
    assert (iou - rough_iou).abs().max() < 0.05 * iou.abs().max()
    assert (masks - rough_masks).abs().max() < 0.05 * masks.abs().max()


def test_inner_width_must_divide_among_the_heads():
    with pytest.raises(ValueError, match=r"inner width 10 .* multiple of its 4 heads"):
        TokenAttention(16, heads=4, inner=10)


def test_mobile_sam_has_the_published_number_of_tensors_and_weights():
    state = build_mobile_sam().state_dict()
    assert len(state) == 439
    assert sum(value.numel() for value in state.values()) == pytest.approx(10.14e6, rel=1e-3)
    assert state["mask_decoder.transformer.layers.1.cross_attn_image_to_token.q_proj.weight"].shape == (128, 256)
    assert state["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"].shape == (2, 128)


def test_network_for_inference_has_no_gradients_and_encodes_as_before():
    torch.manual_seed(0)
    shape = TinyVitShape((8, 8, 16, 16), (1, 1, 1, 1), (1, 2, 2, 2), (2, 2, 2, 2), d_out=16, classes=2)
    network = build_mobile_sam(shape, image_side=64).eval()
    image_3HW = torch.randn(3, 64, 64)
    with torch.no_grad():
        before = network.encode(image_3HW)
        after = for_inference(network).encode(image_3HW)
    assert network.grid_hw == (4, 4) == before.shape[1:]
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)
    assert not any(value.requires_grad for value in network.parameters())


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the recorded cases are not beside the project")
def test_recorded_outputs_of_segment_anything_are_met(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(GOLDEN), *sys.path])
    import synthetic

    layout = json.loads((GOLDEN / "fma" / "sam_tiny.layout.json").read_text())
    weights = synthetic.synthetic_state_dict(layout, 1)
    weights["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"] = synthetic.synthetic_input(
        "gauss", (2, 16), 1
    )
    for name in weights:
        if name.startswith("mask_decoder.transformer.") and name.endswith(("q_proj.weight", "k_proj.weight")):
            weights[name] = weights[name] * 4  # as the case says, so that masks depend on the point
    network = Sam(torch.nn.Identity(), 128, DecoderShape(width=32, depth=2, heads=4, hidden=64, iou_hidden=64))
    network.load_state_dict(
        {name: torch.as_tensor(value) for name, value in weights.items() if not name.startswith("image_encoder.")}
    )
    recorded = np.load(GOLDEN / "fma" / "sam_tiny_forward.npz")
    with torch.inference_mode():
        side = network.prepare(torch.from_numpy(recorded["embedding"])[0])
        points = torch.from_numpy(recorded["coords"]).float()[:, None]
        decoded = network.mask_decoder(network.prompt_encoder.points(points, torch.ones(3, 1)), side)
        low = network.mask_decoder.draw(decoded, network.grid_hw, POINT_MASKS)
    np.testing.assert_allclose(decoded.iou_BM[:, POINT_MASKS], recorded["iou"], rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(decoded.iou_BM[:, BOX_MASK], recorded["single_iou"], rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(low, recorded["low_res"], rtol=2e-3, atol=2e-4 * np.abs(recorded["low_res"]).max())
