"""DeepLab v1, v2 and v3+ trained on seeds (Chen et al., 2015 to 2018): they differ in network and defaults only."""

from wsss_core.networks.factory import stride_option
from wsss_core.segmenters.task import train_segmenter
from wsss_core.settings.segmenter import SegmenterSettings
from wsss_core.stages.context import StageContext


def train(context: StageContext) -> None:
    """Train and publish the architecture that the method is named after; see `train_segmenter`."""
    settings = context.typed_settings(SegmenterSettings)
    options = stride_option(settings.network, getattr(settings, "output_stride", None))
    train_segmenter(context, settings, context.method, options)
