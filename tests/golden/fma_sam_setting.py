"""What a SAM case of FMA-WSSS is made of: its picture and its network with synthetic weights."""

import fnmatch
import json
import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from golden.cases import Case
from golden.synthetic import synthetic_image, synthetic_input, synthetic_state_dict

from wsss_core.checkpoints.sam_layout import to_own_names
from wsss_core.networks.sam.image_encoder import VitShape
from wsss_core.networks.sam.mask_decoder import DecoderShape
from wsss_core.networks.sam.sam import CELL_PX, Sam, build_vit_sam, for_inference

GAUSS = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"


def picture(case: Case) -> np.ndarray:
    """The uint8 RGB image (H, W, 3), of a text such as "synthetic_image(90,120,1) RGB uint8"."""
    found = re.search(r"synthetic_image\((\d+),\s*(\d+),\s*(\d+)\)", case.spec["inputs"]["image"])
    assert found is not None, f"{case.title}: expected synthetic_image(h,w,seed) in {case.spec['inputs']['image']!r}"
    return synthetic_image(*map(int, found.groups()))


def network(case: Case) -> Sam:
    """The network of the case, ready for inference."""
    return _network(str(case.side_file(case.spec["layout"])), case.spec["weight_seed"], case.spec["notes"])


@lru_cache(maxsize=2)
def _network(layout_file: str, seed: int, notes: str) -> Sam:
    with open(layout_file, encoding="utf-8") as file:
        layout = json.load(file)
    weights = synthetic_state_dict(layout, seed)
    name, shape = re.search(r"overridden by synthetic_input\('(\w+)',\(([\d, ]+)\)", notes).groups()  # type: ignore[union-attr]
    weights[GAUSS] = synthetic_input(name, tuple(int(side) for side in shape.split(",")), seed)
    factor = float(re.search(r"multiplied by ([\d.]+)", notes)[1])  # type: ignore[index]
    for pattern in ("mask_decoder.transformer.*q_proj.weight", "mask_decoder.transformer.*k_proj.weight"):
        for entry in fnmatch.filter(weights, pattern):
            weights[entry] = weights[entry] * np.float32(factor)
    built = build_vit_sam(encoder_shape(layout), decoder_shape(layout, notes))
    state = to_own_names({entry: torch.from_numpy(value) for entry, value in weights.items()})
    built.load_state_dict(state)
    return for_inference(built)


def encoder_shape(layout: Mapping[str, list[int]]) -> VitShape:
    """The encoder's sizes, all to be read from the shapes of its parameters."""
    _, cells, _, width = layout["image_encoder.pos_embed"]
    rel_pos = {
        int(found[1]): shape
        for entry, shape in layout.items()
        if (found := re.fullmatch(r"image_encoder\.blocks\.(\d+)\.attn\.rel_pos_h", entry))
    }
    whole = 2 * cells - 1
    windows = {(shape[0] + 1) // 2 for shape in rel_pos.values() if shape[0] != whole}
    return VitShape(
        width=width,
        depth=len(rel_pos),
        heads=width // rel_pos[0][1],
        global_blocks=tuple(block for block, shape in sorted(rel_pos.items()) if shape[0] == whole),
        window=windows.pop() if windows else 14,
        hidden_ratio=layout["image_encoder.blocks.0.mlp.lin1.weight"][0] / width,
        d_out=layout["image_encoder.neck.0.weight"][0],
        image_side=cells * CELL_PX,
    )


def decoder_shape(layout: Mapping[str, list[int]], notes: str) -> DecoderShape:
    """The decoder's sizes; the number of heads is in no shape and stands in the notes."""
    hidden, width = layout["mask_decoder.transformer.layers.0.mlp.lin1.weight"]
    layers = [
        entry for entry in layout if re.fullmatch(r"mask_decoder\.transformer\.layers\.\d+\.norm1\.weight", entry)
    ]
    heads = re.search(r"(\d+) heads, IoU", notes)
    return DecoderShape(
        width=width,
        depth=len(layers),
        heads=int(heads[1]) if heads else 8,
        hidden=hidden,
        iou_hidden=layout["mask_decoder.iou_prediction_head.layers.0.weight"][0],
    )
