"""A segmenter that answers by memory: an embedding and a bank of labelled segments (SPML, Ke et al., ICLR 2021)."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.checkpoints.store import read_card, save_network
from wsss_core.data.images import read_image
from wsss_core.data.uniform_crop import resize_nearest
from wsss_core.label_ids import as_labels
from wsss_core.networks.normalisation import Normalisation
from wsss_core.progress import progress, stage_job
from wsss_core.segments.bank import FILE_NAME, BankRows, write_bank
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.prototypes import majority
from wsss_core.segments.retrieved_scores import Segmenter, segmenter
from wsss_core.segments.tiles import Canvas, at_long_side, at_scale, resized_input
from wsss_core.settings.spml import SegmentBankSettings
from wsss_core.stages.context import StageContext
from wsss_core.training import history
from wsss_core.training.label_source import RowSource
from wsss_core.training.processes import main_only
from wsss_core.training.trained_on import trained_on

logger = logging.getLogger(__name__)


@main_only
def train(context: StageContext) -> None:
    """Write the bank of the stage's splits, then the network of the input `segmenter` beside it, as it is.

    Raises `ValueError` when an image has no seeds.
    """
    settings = context.typed_settings(SegmentBankSettings)
    network = load_embedding(context.inputs["segmenter"], context.device, context.manifest.classes)
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    segment = segmenter(network, Canvas(settings.crop, settings.stride), kmeans)
    rows = write_bank(context.folder / FILE_NAME, _rows(context, settings, segment, network.normalisation))
    card = read_card(context.inputs["segmenter"])
    images = len(context.manifest.select(context.splits))
    about = {**trained_on(context, images), "segments": rows, "embedding": dict(card.trained_on)}
    save_network(context.folder, replace(card, trained_on=about), network.state_dict())
    history.publish([], context.folder)
    logger.info("bank of %d segments of %d images", rows, images)


def _rows(
    context: StageContext, settings: SegmentBankSettings, segment: Segmenter, rule: Normalisation
) -> Iterator[BankRows]:
    records = context.manifest.select(context.splits)
    seeds = RowSource(context.inputs["seeds"], context.input_kinds.get("seeds", "seeds"), LabelRow)
    seeds.require([record.image_id for record in records])
    for record in progress(records, stage_job(context.folder), len(records)):
        picture_3HW = network_picture(read_image(record.file), rule)
        for scaled, scale in scaled_pictures(picture_3HW, settings):
            yield bank_rows(segment, record.image_id, scaled, scale, seeds[record.image_id].label_HW)


def scaled_pictures(picture_3HW: np.ndarray, settings: SegmentBankSettings) -> Iterator[tuple[np.ndarray, float]]:
    """A network picture (3, H, W) at the scales of the settings, each with its factor."""
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    if settings.long_side is not None:
        yield resized_input(picture_3HW, at_long_side(size_hw, settings.long_side)), settings.long_side / max(size_hw)
        return
    for scale in settings.scales:
        yield resized_input(picture_3HW, at_scale(size_hw, scale)), scale


@torch.inference_mode()
def bank_rows(
    segment: Segmenter, image_id: str, picture_3HW: np.ndarray, scale: float, label_HW: np.ndarray
) -> BankRows:
    """The segments of a network picture, each with the most frequent label (255 and 254 too) of its pixels."""
    segmented = segment(picture_3HW, False)
    labels = torch.from_numpy(resize_nearest(label_HW, (picture_3HW.shape[1], picture_3HW.shape[2])).astype(np.int64))
    count = len(segmented.prototype_ND)
    label_N = majority(labels.flatten(), segmented.segment_HW.flatten().cpu(), count)
    return BankRows(image_id, scale, segmented.prototype_ND.cpu().numpy(), as_labels(label_N.numpy()))
