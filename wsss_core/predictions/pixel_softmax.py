"""Label maps of SPML's softmax classifier, which reads the embedding of every pixel (Ke et al., ICLR 2021)."""

from collections.abc import Mapping

import numpy as np
import torch

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.enlarged_labels import at_image_size
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.pixel_scores import logit_sum, multiscale_probabilities
from wsss_core.segments.tiles import Canvas, at_long_side, resized_input
from wsss_core.segments.walked_labels import refined_scores
from wsss_core.settings.spml import PixelSoftmaxSettings
from wsss_core.stages.context import Processor, StageContext


@torch.inference_mode()
def classifier_scores(
    network: PixelEmbedding, picture_3HW: np.ndarray, settings: PixelSoftmaxSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (K, h, w) float32 before the CRF, and the network picture (3, h, w) of their size.

    That is the image's size, or with `long_side` the resized one's; there the logits of tiles are added up.
    """
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    canvas = Canvas(settings.crop, settings.stride)
    if settings.long_side is None:
        scales, mirror = settings.scales, settings.mirror
        return multiscale_probabilities(network, picture_3HW, canvas, scales, mirror), picture_3HW
    picture = resized_input(picture_3HW, at_long_side(size_hw, settings.long_side))
    return logit_sum(network, picture, canvas).softmax(0).cpu().numpy(), picture


def image_scores(network: PixelEmbedding, image_HW3: np.ndarray, settings: PixelSoftmaxSettings) -> np.ndarray:
    """Class scores (K, h, w) float32 of an image uint8 RGB, after the CRF if there is one; with `long_side` of that
    size."""
    picture = network_picture(image_HW3, network.normalisation)
    scores, seen = classifier_scores(network, picture, settings)
    return refined_scores(scores, seen, network.normalisation, settings.crf)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with the network of the input `segmenter`."""
    settings = context.typed_settings(PixelSoftmaxSettings)
    network = load_embedding(context.inputs["segmenter"], context.device, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        scores = image_scores(network, read_image(record.file), settings)
        return at_image_size(record.image_id, scores, (record.height, record.width), settings.confidence)

    return process
