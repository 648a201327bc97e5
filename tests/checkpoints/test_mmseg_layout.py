import numpy as np
import pytest
import torch

from wsss_core.checkpoints.mmseg_layout import MMSEG_MASK2FORMER, merged_by_neighbour
from wsss_core.checkpoints.pretrained import CheckpointError, load_pretrained
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.mask2former import Mask2Former

PUBLISHED = {  # mmsegmentation -> ours
    "backbone.norm2.weight": "backbone.body.hidden_states_norms.stage3.weight",
    "backbone.stages.2.blocks.17.attn.w_msa.proj.bias": (
        "backbone.body.swin.encoder.layers.2.blocks.17.attention.o_proj.bias"
    ),
    "decode_head.mask_embed.4.weight": ("head.transformer_module.decoder.mask_predictor.mask_embedder.2.0.weight"),
    "decode_head.pixel_decoder.encoder.layers.5.norms.1.bias": (
        "head.pixel_decoder.encoder.layers.5.final_layer_norm.bias"
    ),
    "decode_head.transformer_decoder.layers.8.norms.0.bias": (
        "head.transformer_module.decoder.layers.8.cross_attn_layer_norm.bias"
    ),
    "decode_head.transformer_decoder.layers.8.cross_attn.attn.in_proj_weight": (
        "head.transformer_module.decoder.layers.8.cross_attn.in_proj_weight"
    ),
}


def tiny() -> Mask2Former:
    torch.manual_seed(0)
    network = build_segmenter("mask2former", "swin_mini", 3)
    assert isinstance(network, Mask2Former)
    return network


def swin_state(network: Mask2Former) -> dict[str, torch.Tensor]:
    """The backbone under mmsegmentation's names, as its file of ImageNet weights has them: without norms of stages."""
    state: dict[str, torch.Tensor] = {}
    for name, value in network.backbone.body.swin.state_dict().items():
        for old, new in (
            ("embeddings.patch_embeddings.projection", "patch_embed.projection"),
            ("embeddings.norm", "patch_embed.norm"),
            ("encoder.layers.", "stages."),
            ("layernorm_before", "norm1"),
            ("layernorm_after", "norm2"),
            ("attention.relative_position_bias.relative", "attn.w_msa.relative"),
            ("attention.o_proj", "attn.w_msa.proj"),
            ("mlp.fc1", "ffn.layers.0.0"),
            ("mlp.fc2", "ffn.layers.1"),
        ):
            name = name.replace(old, new)
        if "attention.q_proj" in name:
            parts = [state_part(network, name, letter) for letter in "qkv"]
            state[name.replace("attention.q_proj", "attn.w_msa.qkv")] = torch.cat(parts)
        elif "downsample" in name:
            state[name] = split_by_channel(value)
        elif "attention." not in name:
            state[name] = value
    return state | {"norm.weight": torch.ones(1), "stages.0.blocks.0.attn.w_msa.relative_position_index": torch.ones(1)}


def state_part(network: Mask2Former, name: str, letter: str) -> torch.Tensor:
    own = name.replace("stages.", "encoder.layers.").replace("q_proj", f"{letter}_proj")
    return network.backbone.body.swin.state_dict()[own]


def split_by_channel(value: torch.Tensor) -> torch.Tensor:
    """The inverse of `merged_by_neighbour`."""
    by_neighbour = value.unflatten(-1, (4, value.shape[-1] // 4))[..., [0, 2, 1, 3], :]
    return by_neighbour.transpose(-1, -2).flatten(-2)


@pytest.mark.parametrize("name", PUBLISHED)
def test_names_become_ours(name):
    assert list(MMSEG_MASK2FORMER.translate({name: torch.zeros(3)})) == [PUBLISHED[name]]


def test_fused_projections_are_split_in_three():
    name = "backbone.stages.0.blocks.0.attn.w_msa.qkv.weight"
    own = MMSEG_MASK2FORMER.translate({name: torch.arange(6.0)[:, None]})
    assert [value.flatten().tolist() for value in own.values()] == [[0, 1], [2, 3], [4, 5]]
    assert [entry.split(".")[-2] for entry in own] == ["q_proj", "k_proj", "v_proj"]


def test_merging_takes_the_same_numbers_from_a_patch_in_both_orders():
    """mmsegmentation unfolds a patch channel by channel; `transformers` concatenates its four neighbours."""
    patch_C22 = np.random.default_rng(0).normal(size=(5, 2, 2))
    weights = np.random.default_rng(1).normal(size=20)
    unfolded = patch_C22.reshape(-1)
    neighbours = [patch_C22[:, 0, 0], patch_C22[:, 1, 0], patch_C22[:, 0, 1], patch_C22[:, 1, 1]]
    merged = merged_by_neighbour(torch.from_numpy(weights)).numpy()
    np.testing.assert_allclose(weights @ unfolded, merged @ np.concatenate(neighbours))


def test_what_is_no_part_of_the_network_is_left_out():
    state = {"norm.weight": torch.ones(1), "head.fc.weight": torch.ones(1), "auxiliary_head.x": torch.ones(1)}
    assert MMSEG_MASK2FORMER.translate(state) == {}


def test_imagenet_weights_of_a_swin_start_the_backbone(tmp_path):
    source, target = tiny(), tiny()
    for value in source.parameters():
        value.data.normal_()
    torch.save({"state_dict": swin_state(source)}, tmp_path / "swin.pth")
    loaded = load_pretrained(target, tmp_path / "swin.pth")
    assert loaded.layout == "mmsegmentation"
    assert all("hidden_states_norms" in name or name.startswith("head.") for name in loaded.left_random)
    torch.testing.assert_close(target.backbone.body.swin.state_dict(), source.backbone.body.swin.state_dict())


def test_weights_of_another_swin_are_refused_with_the_first_difference(tmp_path):
    state = swin_state(tiny())
    state["patch_embed.norm.weight"] = torch.ones(7)
    torch.save(state, tmp_path / "swin.pth")
    with pytest.raises(CheckpointError, match=r"mmsegmentation names.*of another shape, first .*embeddings\.norm"):
        load_pretrained(tiny(), tmp_path / "swin.pth")


def test_a_file_for_a_smaller_swin_says_which_network_it_fits(tmp_path):
    torch.save(swin_state(tiny()), tmp_path / "swin.pth")
    with torch.device("meta"):
        larger = build_segmenter("mask2former", "swin_t", 3)
    with pytest.raises(CheckpointError) as error:
        load_pretrained(larger, tmp_path / "swin.pth")
    for fact in ("missing, first backbone.", "of another shape, first backbone.", "fits the backbone swin_mini"):
        assert fact in str(error.value)
