"""DeepLab v3+ trained on seeds (Chen et al., ECCV 2018)."""

from wsss_core.segmenters.task import train_segmenter
from wsss_core.settings.segmenter import DeepLabV3PlusSettings
from wsss_core.stages.context import StageContext

WITH_OUTPUT_STRIDE = ("resnet18", "resnet34", "resnet50", "resnet101")


def train(context: StageContext) -> None:
    """Train and publish the network; see `train_segmenter`."""
    settings = context.typed_settings(DeepLabV3PlusSettings)
    options = {"output_stride": settings.output_stride} if settings.network in WITH_OUTPUT_STRIDE else {}
    train_segmenter(context, settings, "deeplab_v3plus", options)
