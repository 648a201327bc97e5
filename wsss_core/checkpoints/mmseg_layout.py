"""mmsegmentation's names of Mask2Former on Swin, and of Swin alone, made ours (which are those of `transformers`).

Fused projections of queries, keys and values are split where `transformers` has three. Patch merging puts the four
neighbours of a patch in another order: mmsegmentation channel by channel, `transformers` neighbour by neighbour with
the second and the third exchanged.
"""

import re
from collections.abc import Callable

import torch

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.swin import IMAGENET_255

_MARK = "stages.0.blocks.0.attn.w_msa.qkv.weight"
_LEFT_OUT = re.compile(
    r"(^|\.)relative_position_index$|^backbone\.(norm|head)\.|^decode_head\.(conv_seg|loss_cls)\.|^auxiliary_head\."
)
"""Recomputed tables, ImageNet classifiers, and what else files carry that is no part of the network."""
_NEIGHBOURS = 4
_NEIGHBOUR_ORDER = [0, 2, 1, 3]

Renaming = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
"""Patterns and what comes in their place, applied one after the other."""

_SWIN = "backbone.body.swin."
_BACKBONE_NAMES: Renaming = (
    (r"^backbone\.patch_embed\.projection\.", f"{_SWIN}embeddings.patch_embeddings.projection."),
    (r"^backbone\.patch_embed\.norm\.", f"{_SWIN}embeddings.norm."),
    (r"^backbone\.norm(\d)\.", lambda found: f"backbone.body.hidden_states_norms.stage{int(found[1]) + 1}."),
    (r"^backbone\.stages\.(\d+)\.", rf"{_SWIN}encoder.layers.\1."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.w_msa\.relative_position_bias_table$", ".attention.relative_position_bias.relative_position_bias_table"),
    (r"\.attn\.w_msa\.proj\.", ".attention.o_proj."),
    (r"\.attn\.w_msa\.qkv\.", ".attention.qkv."),
    (r"\.ffn\.layers\.0\.0\.", ".mlp.fc1."),
    (r"\.ffn\.layers\.1\.", ".mlp.fc2."),
)
_PIXEL, _TRANSFORMER = "head.pixel_decoder.", "head.transformer_module."
_HEAD_NAMES: Renaming = (
    (r"^decode_head\.pixel_decoder\.input_convs\.(\d+)\.conv\.", rf"{_PIXEL}input_projections.\1.0."),
    (r"^decode_head\.pixel_decoder\.input_convs\.(\d+)\.gn\.", rf"{_PIXEL}input_projections.\1.1."),
    (r"^decode_head\.pixel_decoder\.level_encoding\.weight$", f"{_PIXEL}level_embed"),
    (r"^decode_head\.pixel_decoder\.lateral_convs\.0\.conv\.", f"{_PIXEL}adapter_1.0."),
    (r"^decode_head\.pixel_decoder\.lateral_convs\.0\.gn\.", f"{_PIXEL}adapter_1.1."),
    (r"^decode_head\.pixel_decoder\.output_convs\.0\.conv\.", f"{_PIXEL}layer_1.0."),
    (r"^decode_head\.pixel_decoder\.output_convs\.0\.gn\.", f"{_PIXEL}layer_1.1."),
    (r"^decode_head\.pixel_decoder\.mask_feature\.", f"{_PIXEL}mask_projection."),
    (r"^decode_head\.pixel_decoder\.encoder\.", f"{_PIXEL}encoder."),
    (r"(pixel_decoder\.encoder\.layers\.\d+)\.norms\.0\.", r"\1.self_attn_layer_norm."),
    (r"(pixel_decoder\.encoder\.layers\.\d+)\.norms\.1\.", r"\1.final_layer_norm."),
    (r"^decode_head\.transformer_decoder\.post_norm\.", f"{_TRANSFORMER}decoder.layernorm."),
    (r"^decode_head\.transformer_decoder\.", f"{_TRANSFORMER}decoder."),
    (r"\.cross_attn\.attn\.", ".cross_attn."),
    (r"\.self_attn\.attn\.", ".self_attn."),
    (r"(transformer_module.*)\.norms\.0\.", r"\1.cross_attn_layer_norm."),
    (r"(transformer_module.*)\.norms\.1\.", r"\1.self_attn_layer_norm."),
    (r"(transformer_module.*)\.norms\.2\.", r"\1.final_layer_norm."),
    (r"\.ffn\.layers\.0\.0\.", ".fc1."),
    (r"\.ffn\.layers\.1\.", ".fc2."),
    (r"^decode_head\.query_feat\.", f"{_TRANSFORMER}queries_features."),
    (r"^decode_head\.query_embed\.", f"{_TRANSFORMER}queries_embedder."),
    (r"^decode_head\.level_embed\.", f"{_TRANSFORMER}level_embed."),
    (r"^decode_head\.cls_embed\.", "head.class_predictor."),
    (r"^decode_head\.mask_embed\.0\.", f"{_TRANSFORMER}decoder.mask_predictor.mask_embedder.0.0."),
    (r"^decode_head\.mask_embed\.2\.", f"{_TRANSFORMER}decoder.mask_predictor.mask_embedder.1.0."),
    (r"^decode_head\.mask_embed\.4\.", f"{_TRANSFORMER}decoder.mask_predictor.mask_embedder.2.0."),
)


def _recognises(state: State) -> bool:
    return _MARK in state or f"backbone.{_MARK}" in state


def _translate(state: State) -> State:
    own: State = {}
    for name, value in state.items():
        full = name if name.startswith(("backbone.", "decode_head.", "auxiliary_head.")) else f"backbone.{name}"
        if not _LEFT_OUT.search(full):
            own |= _entries(_renamed(full), value)
    return own


def _renamed(name: str) -> str:
    for pattern, replacement in _BACKBONE_NAMES if name.startswith("backbone.") else _HEAD_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _entries(name: str, value: torch.Tensor) -> State:
    """The entry, or the entries that it falls into."""
    if ".downsample." in name:
        return {name: merged_by_neighbour(value)}
    fused = re.fullmatch(r"(.*)\.attention\.qkv\.(weight|bias)", name)
    if fused is None and ".self_attn.in_proj_" in name:
        fused = re.fullmatch(r"(.*\.self_attn)\.in_proj_(weight|bias)", name)
    if fused is None:
        return {name: value}
    prefix = f"{fused[1]}.attention" if ".attention.qkv." in name else fused[1]
    parts = zip("qkv", value.chunk(3), strict=True)
    return {f"{prefix}.{letter}_proj.{fused[2]}": part for letter, part in parts}


def merged_by_neighbour(value: torch.Tensor) -> torch.Tensor:
    """Last axis (4C) from channels of 4 neighbours to neighbours of C channels, the middle two exchanged."""
    channels = value.shape[-1] // _NEIGHBOURS
    by_neighbour = value.unflatten(-1, (channels, _NEIGHBOURS)).transpose(-1, -2)
    return by_neighbour[..., _NEIGHBOUR_ORDER, :].flatten(-2).contiguous()


MMSEG_MASK2FORMER = Layout(
    name="mmsegmentation",
    recognises=_recognises,
    translate=_translate,
    normalisation=IMAGENET_255,
    absent=("backbone.body.hidden_states_norms.",),
)
