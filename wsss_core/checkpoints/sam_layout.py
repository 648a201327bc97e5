"""The namings of published SAM weights made ours: Segment Anything's own files, MobileSAM's, Hugging Face folders.

Ours are Segment Anything's names, but for the plain image encoder, which is that of `transformers`.
"""

import re
from pathlib import Path

import torch

from wsss_core.checkpoints.fit import Shapes, compare, shapes_of
from wsss_core.checkpoints.huggingface_folder import read_weights
from wsss_core.checkpoints.reading import State
from wsss_core.networks.sam.sam import MOBILE_SAM, SAM_NAMES, Sam, build_sam, for_inference
from wsss_core.settings.paths import where_it_leads

SOURCES = {
    "vit_b": "`sam_vit_b_01ec64.pth` of the GitHub repository facebookresearch/segment-anything, or the Hugging Face "
    "folder facebook/sam-vit-base",
    "vit_l": "`sam_vit_l_0b3195.pth` of the GitHub repository facebookresearch/segment-anything, or the Hugging Face "
    "folder facebook/sam-vit-large",
    "vit_h": "`sam_vit_h_4b8939.pth` of the GitHub repository facebookresearch/segment-anything, or the Hugging Face "
    "folder facebook/sam-vit-huge",
    MOBILE_SAM: "`weights/mobile_sam.pt` (40,728,226 bytes) of the GitHub repository ChaoningZhang/MobileSAM, sha256 "
    "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
}
"""Network -> where its weights are published; all under Apache-2.0."""

POSITION_CODE = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
_PLAIN_ENCODER = "image_encoder.blocks."
_HUGGING_FACE = "vision_encoder."
_NECK = (("neck.0.", "neck.conv1."), ("neck.1.", "neck.layer_norm1."), ("neck.2.", "neck.conv2."))
_ENCODER_NAMES = (
    *_NECK,
    ("neck.3.", "neck.layer_norm2."),
    ("blocks.", "layers."),
    (".norm1.", ".layer_norm1."),
    (".norm2.", ".layer_norm2."),
    ("patch_embed.proj.", "patch_embed.projection."),
)
"""Segment Anything -> transformers, inside the plain image encoder."""
_PROMPT_NAMES = (
    ("prompt_encoder.shared_embedding.positional_embedding", POSITION_CODE),
    ("prompt_encoder.point_embed.", "prompt_encoder.point_embeddings."),
    ("mask_embed.conv1.", "mask_downscaling.0."),
    ("mask_embed.layer_norm1.", "mask_downscaling.1."),
    ("mask_embed.conv2.", "mask_downscaling.3."),
    ("mask_embed.layer_norm2.", "mask_downscaling.4."),
    ("mask_embed.conv3.", "mask_downscaling.6."),
)
_DECODER_NAMES = (
    ("upscale_conv1.", "output_upscaling.0."),
    ("upscale_layer_norm.", "output_upscaling.1."),
    ("upscale_conv2.", "output_upscaling.3."),
    (".layer_norm_final_attn.", ".norm_final_attn."),
    (".layer_norm", ".norm"),
)
"""transformers -> Segment Anything."""
_LAST_OF_PERCEPTRON = 2


def to_own_names(state: State) -> State:
    """The state dict under our names, whichever of the published namings it has."""
    if any(name.startswith(_HUGGING_FACE) for name in state):
        return {_from_hugging_face(name): value for name, value in state.items()}
    if any(name.startswith(_PLAIN_ENCODER) for name in state):
        return {_from_segment_anything(name): value for name, value in state.items()}
    return dict(state)


def _from_segment_anything(name: str) -> str:
    head, dot, rest = name.partition(".")
    return f"image_encoder.vit.{_replaced(rest, _ENCODER_NAMES)}" if dot and head == "image_encoder" else name


def _from_hugging_face(name: str) -> str:
    if name == "shared_image_embedding.positional_embedding":
        return POSITION_CODE  # one tensor under two names, of which a file may have either or both
    if name.startswith(_HUGGING_FACE):
        return f"image_encoder.vit.{name.removeprefix(_HUGGING_FACE)}"
    if name.startswith("prompt_encoder."):
        return _replaced(name, _PROMPT_NAMES)
    return _perceptron_name(_replaced(name, _DECODER_NAMES))


def _perceptron_name(name: str) -> str:
    """`transformers` has names of their own for the first and the last of a perceptron's layers."""
    if not re.search(r"output_hypernetworks_mlps|iou_prediction_head", name):
        return name
    name = re.sub(r"\.layers\.(\d+)\.", lambda found: f".layers.{int(found[1]) + 1}.", name)
    return name.replace(".proj_in.", ".layers.0.").replace(".proj_out.", f".layers.{_LAST_OF_PERCEPTRON}.")


def _replaced(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        name = name.replace(old, new)
    return name


def load_sam(name: str, path: Path) -> Sam:
    """A published network with the weights of a file or Hugging Face folder, ready for inference on the CPU.

    Raises `FileNotFoundError` (with what to fetch), or `ValueError`: unreadable, or weights of another network, with
    the first differences and the network that the file would fit.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"expected the weights of {name} at {where_it_leads(path)}, found no such file. Fetch {SOURCES[name]}, put "
            "it there or correct the setting `weights`"
        )
    state = to_own_names(read_weights(path))
    # Random weights would only be thrown away; but index tables of MobileSAM's encoder are in no state dict.
    with torch.device("cpu" if name == MOBILE_SAM else "meta"):
        network = build_sam(name)
    misfit = compare(shapes_of(network.state_dict()), shapes_of(state))
    if misfit:
        fitting = fitting_networks(shapes_of(state))
        remedy = f"the file fits `network: {fitting[0]}`" if fitting else f"fetch {SOURCES[name]}"
        raise ValueError(
            f"{path}: expected the weights of {name}, found those of another network: {misfit.describe()}; {remedy}"
        )
    network.load_state_dict(state, assign=True)
    return for_inference(network)


def fitting_networks(found: Shapes) -> list[str]:
    """The published networks that weights of these names (ours) and shapes fit entirely."""
    with torch.device("meta"):
        return [name for name in SAM_NAMES if not compare(shapes_of(build_sam(name).state_dict()), found)]
