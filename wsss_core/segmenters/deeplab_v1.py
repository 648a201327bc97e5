"""DeepLab v1 LargeFOV trained on seeds (Chen et al., ICLR 2015; the last stage of PSA, Ahn & Kwak, CVPR 2018)."""

from wsss_core.segmenters.task import train_segmenter
from wsss_core.settings.segmenter import DeepLabV1Settings
from wsss_core.stages.context import StageContext


def train(context: StageContext) -> None:
    """Train and publish the network; see `train_segmenter`."""
    train_segmenter(context, context.typed_settings(DeepLabV1Settings), "deeplab_v1", {})
