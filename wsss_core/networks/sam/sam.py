"""The promptable segmentation network (SAM, Kirillov et al., ICCV 2023): encoder, prompt encoder, mask decoder."""

import torch
from torch import nn

from wsss_core.networks.sam.image_encoder import VIT_SHAPES, SamVit, VitShape
from wsss_core.networks.sam.mask_decoder import DecoderShape, MaskDecoder
from wsss_core.networks.sam.prompt_encoder import PromptEncoder
from wsss_core.networks.sam.tiny_vit import TinyVit, TinyVitShape, fuse_norms
from wsss_core.networks.sam.two_way_transformer import ImageSide

IMAGE_SIDE = 1024
"""Side of the square that images are resized into and padded to."""
CELL_PX = 16
"""Pixels of that square per cell of the encoder's grid."""
MEAN_RGB = (123.675, 116.28, 103.53)
STD_RGB = (58.395, 57.12, 57.375)
MOBILE_SAM = "mobile_sam"
SAM_NAMES = (*VIT_SHAPES, MOBILE_SAM)
"""Published networks."""


class Sam(nn.Module):
    """Any encoder from (B, 3, side, side) to (B, D, side / 16, side / 16) with SAM's two other parts."""

    def __init__(
        self, image_encoder: nn.Module, image_side: int = IMAGE_SIDE, decoder: DecoderShape | None = None
    ) -> None:
        super().__init__()
        decoder = decoder or DecoderShape()
        self.image_side = image_side
        self.image_encoder = image_encoder
        self.prompt_encoder = PromptEncoder(decoder.width, image_side)
        self.mask_decoder = MaskDecoder(decoder)

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Cells of the encoder's grid."""
        side = self.image_side // CELL_PX
        return side, side

    def encode(self, image_3HW: torch.Tensor) -> torch.Tensor:
        """Encode one normalised, padded image float32 (3, side, side) to its grid float32 (D, h, w)."""
        image_13HW = image_3HW[None].contiguous(memory_format=torch.channels_last)
        grid_Dhw: torch.Tensor = self.image_encoder(image_13HW)[0].float()
        return grid_Dhw

    def prepare(self, grid_Dhw: torch.Tensor, dtype: torch.dtype = torch.float32) -> ImageSide:
        """Prepare an encoded image (D, h, w) for any number of prompts; `dtype` as in `MaskDecoder.prepare`."""
        code_Dhw = self.prompt_encoder.pe_layer.grid(*grid_Dhw.shape[1:])
        return self.mask_decoder.prepare(grid_Dhw, self.prompt_encoder.no_mask()[0], code_Dhw, dtype)


def build_sam(name: str) -> Sam:
    """Build a published network with random weights: one of `SAM_NAMES`, otherwise `ValueError`."""
    if name == MOBILE_SAM:
        return build_mobile_sam()
    if name not in VIT_SHAPES:
        raise ValueError(f"unknown SAM network {name!r}; known are: {', '.join(SAM_NAMES)}")
    return build_vit_sam(VIT_SHAPES[name])


def build_vit_sam(shape: VitShape, decoder: DecoderShape | None = None) -> Sam:
    """Build SAM with a plain encoder of any shape, random weights."""
    return Sam(SamVit(shape), shape.image_side, decoder or DecoderShape(width=shape.d_out))


def build_mobile_sam(shape: TinyVitShape | None = None, image_side: int = IMAGE_SIDE) -> Sam:
    """Build MobileSAM (`vit_t`) with random weights; its state dict has the names and shapes of `mobile_sam.pt`."""
    shape = shape or TinyVitShape()
    return Sam(TinyVit(shape), image_side, DecoderShape(width=shape.d_out))


def for_inference(network: Sam) -> Sam:
    """Freeze a network for inference: eval mode, no gradients, normalisations folded, channels last. Changes it."""
    network.eval().requires_grad_(False)
    fuse_norms(network.image_encoder)
    for parameter in network.image_encoder.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
