"""Settings that the methods `published` of all trainings share: a network trained elsewhere, used as it is."""

from wsss_core.settings.base import Settings
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.training import NetworkName, SwinName


class PublishedSettings(Settings):
    """A trained network from a file, in place of a training."""

    weights: WeightsPath
    """PyTorch file of any age, or safetensors, with the names that PSA, IRN or WS-FCN published or with ours. Every
    tensor of the network has to be in it, and no other. Or the folder of a network that was trained here."""
    network: NetworkName | SwinName
    """Backbone of the network in the file."""
    architecture: str
    """What stands on the backbone."""
