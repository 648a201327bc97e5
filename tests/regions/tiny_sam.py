"""Tiny SAM networks with random weights whose masks differ and whose predicted IoU lies around 0.5."""

import torch

from wsss_core.networks.sam.image_encoder import VitShape
from wsss_core.networks.sam.mask_decoder import DecoderShape
from wsss_core.networks.sam.sam import Sam, build_mobile_sam, build_vit_sam, for_inference
from wsss_core.networks.sam.tiny_vit import TinyVitShape

SIDE = 64
VIT = VitShape(width=32, depth=2, heads=2, global_blocks=(1,), window=3, d_out=32, image_side=SIDE)
MOBILE = TinyVitShape((8, 8, 16, 16), (1, 1, 1, 1), (1, 2, 2, 2), (2, 2, 2, 2), d_out=32, classes=2)

IOU_BIASES = {"mobile": [0.6, 0.5, 0.5, 0.85], "vit": [0.6, 0.65, 0.7, 0.4]}
PEN_BIASES = {"mobile": 0.3, "vit": 1.0}


def tiny_sam(encoder: str) -> Sam:
    """A network with the encoder "vit" or "mobile", ready for inference."""
    torch.manual_seed(1)
    if encoder == "vit":
        network = build_vit_sam(VIT, DecoderShape(width=32, heads=4, hidden=32, iou_hidden=32))
        network.image_encoder.vit.pos_embed.data.normal_()
    else:
        network = build_mobile_sam(MOBILE, image_side=SIDE)
    for name, value in network.mask_decoder.named_parameters():
        if name.endswith("_proj.weight"):
            value.data *= 4  # so that masks depend on the point
    network.mask_decoder.iou_prediction_head.layers[-1].bias.data = torch.tensor(IOU_BIASES[encoder])
    network.mask_decoder.iou_prediction_head.layers[-1].weight.data *= 3
    for pen in network.mask_decoder.output_hypernetworks_mlps:
        pen.layers[-1].bias.data -= PEN_BIASES[encoder]  # so that masks do not fill the image
        pen.layers[-1].weight.data *= 3
    return for_inference(network)
