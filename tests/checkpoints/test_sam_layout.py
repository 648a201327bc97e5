from pathlib import Path

import pytest
import torch
from regions.tiny_sam import VIT

from wsss_core.checkpoints import sam_layout
from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.sam_layout import fitting_networks, load_sam, to_own_names
from wsss_core.networks.sam.mask_decoder import DecoderShape
from wsss_core.networks.sam.sam import Sam, build_mobile_sam, build_sam, build_vit_sam
from wsss_core.networks.transformers_models import model_module

DECODER = DecoderShape(width=32, heads=4, hidden=48, iou_hidden=40)
SEGMENT_ANYTHING = {  # names of the published files, where they are not ours -> ours
    "image_encoder.pos_embed": "image_encoder.vit.pos_embed",
    "image_encoder.patch_embed.proj.weight": "image_encoder.vit.patch_embed.projection.weight",
    "image_encoder.blocks.11.norm1.bias": "image_encoder.vit.layers.11.layer_norm1.bias",
    "image_encoder.blocks.3.norm2.weight": "image_encoder.vit.layers.3.layer_norm2.weight",
    "image_encoder.blocks.3.attn.rel_pos_h": "image_encoder.vit.layers.3.attn.rel_pos_h",
    "image_encoder.blocks.3.mlp.lin1.weight": "image_encoder.vit.layers.3.mlp.lin1.weight",
    "image_encoder.neck.0.weight": "image_encoder.vit.neck.conv1.weight",
    "image_encoder.neck.1.weight": "image_encoder.vit.neck.layer_norm1.weight",
    "image_encoder.neck.2.weight": "image_encoder.vit.neck.conv2.weight",
    "image_encoder.neck.3.bias": "image_encoder.vit.neck.layer_norm2.bias",
    "mask_decoder.transformer.layers.0.norm1.weight": "mask_decoder.transformer.layers.0.norm1.weight",
}


def hugging_face_model() -> torch.nn.Module:
    """The tiny SAM as `transformers` has it, its layers normalised as the original does."""
    configuration, modeling = model_module("sam.configuration_sam"), model_module("sam.modeling_sam")
    torch.manual_seed(0)
    vision = configuration.SamVisionConfig(
        hidden_size=VIT.width,
        num_hidden_layers=VIT.depth,
        num_attention_heads=VIT.heads,
        global_attn_indexes=list(VIT.global_blocks),
        window_size=VIT.window,
        output_channels=VIT.d_out,
        image_size=VIT.image_side,
        num_pos_feats=VIT.d_out // 2,
        initializer_range=0.1,
    )
    prompt = configuration.SamPromptEncoderConfig(hidden_size=32, image_size=VIT.image_side)
    decoder = configuration.SamMaskDecoderConfig(
        hidden_size=32, mlp_dim=48, num_attention_heads=4, iou_head_hidden_dim=40, layer_norm_eps=1e-5
    )
    config = configuration.SamConfig(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    model = modeling.SamModel(config).eval()
    for value in model.parameters():
        value.data += 0.05 * torch.randn_like(value)
    return model.requires_grad_(False)


def to_segment_anything(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Our names under those of the published files, by the pairs above as patterns."""
    renamed = {}
    for name, value in state.items():
        for old, new in (
            *((new, old) for old, new in sam_layout._ENCODER_NAMES if old != "blocks."),
            ("image_encoder.vit.layers.", "image_encoder.blocks."),
            ("image_encoder.vit.", "image_encoder."),
        ):
            name = name.replace(old, new) if name.startswith("image_encoder") else name
        renamed[name] = value
    return renamed


@pytest.mark.parametrize("name", SEGMENT_ANYTHING)
def test_names_of_segment_anything_become_ours(name):
    state = {name: torch.zeros(1), "image_encoder.blocks.0.norm1.weight": torch.zeros(1)}
    assert SEGMENT_ANYTHING[name] in to_own_names(state)


@pytest.mark.parametrize("name", ["vit_b", "vit_h"])
def test_a_published_network_takes_its_own_names(name):
    with torch.device("meta"):
        state = build_sam(name).state_dict()
    assert not compare(shapes_of(state), shapes_of(to_own_names(to_segment_anything(state))))


def test_weights_of_hugging_face_give_the_same_network():
    model = hugging_face_model()
    network = build_vit_sam(VIT, DECODER).eval().requires_grad_(False)
    state = to_own_names(model.state_dict())
    assert not compare(shapes_of(network.state_dict()), shapes_of(state))
    network.load_state_dict(state)
    image = torch.randn(1, 3, VIT.image_side, VIT.image_side)
    points = torch.tensor([[[20.0, 30.0]], [[50.0, 10.0]]])
    expected = model(pixel_values=image, input_points=points[None], input_labels=torch.ones(1, 2, 1, dtype=torch.int))
    decoded = network.mask_decoder(
        network.prompt_encoder.points(points, torch.ones(2, 1)), network.prepare(network.encode(image[0]))
    )
    drawn = network.mask_decoder.draw(decoded, network.grid_hw)[:, 1:]
    torch.testing.assert_close(decoded.iou_BM[:, 1:], expected.iou_scores[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(drawn, expected.pred_masks[0], rtol=1e-3, atol=1e-4)


@pytest.fixture
def tiny_networks(monkeypatch) -> None:
    """The published names stand for tiny networks."""

    def build(name: str) -> Sam:
        return build_mobile_sam() if name == "mobile_sam" else build_vit_sam(VIT, DECODER)

    monkeypatch.setattr(sam_layout, "build_sam", build)


def test_files_and_folders_are_loaded_for_inference(tmp_path, tiny_networks):
    torch.manual_seed(1)
    network = build_vit_sam(VIT, DECODER)
    torch.save(to_segment_anything(network.state_dict()), tmp_path / "sam.pth")
    hugging_face_model().save_pretrained(tmp_path / "folder")
    loaded = load_sam("vit_b", tmp_path / "sam.pth")
    assert not loaded.training
    assert not any(value.requires_grad for value in loaded.parameters())
    torch.testing.assert_close(loaded.state_dict(), network.state_dict())
    assert fitting_networks(shapes_of(network.state_dict()))[0] == "vit_b"
    folder = load_sam("vit_b", tmp_path / "folder")
    assert shapes_of(folder.state_dict()) == shapes_of(network.state_dict())


def test_missing_weights_say_what_to_fetch(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.pth, found no such file.*sam_vit_h_4b8939\.pth.*`weights`"):
        load_sam("vit_h", tmp_path / "absent.pth")


def test_weights_of_another_network_are_refused_with_the_differences_and_the_network_that_fits(tmp_path: Path):
    state = build_mobile_sam().state_dict()
    torch.save(state, tmp_path / "mobile.pt")
    with pytest.raises(ValueError, match=r"mobile\.pt: expected the weights of vit_b") as error:
        load_sam("vit_b", tmp_path / "mobile.pt")
    for fact in ("missing, first image_encoder.vit.pos_embed", "unexpected", "the file fits `network: mobile_sam`"):
        assert fact in str(error.value)
    del state["mask_decoder.iou_token.weight"]
    torch.save(state, tmp_path / "broken.pt")
    with pytest.raises(ValueError, match=r"1 missing, first mask_decoder.iou_token.weight; fetch `weights/mobile_sam"):
        load_sam("mobile_sam", tmp_path / "broken.pt")
