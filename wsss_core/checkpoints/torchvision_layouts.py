"""ImageNet checkpoints of torchvision: VGG16 (`features.N`), ResNet-18/34/50/101."""

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import IMAGENET_RGB

VGG16_CONVOLUTIONS = {
    0: "conv1_1",
    2: "conv1_2",
    5: "conv2_1",
    7: "conv2_2",
    10: "conv3_1",
    12: "conv3_2",
    14: "conv3_3",
    17: "conv4_1",
    19: "conv4_2",
    21: "conv4_3",
    24: "conv5_1",
    26: "conv5_2",
    28: "conv5_3",
}
"""Index in torchvision's `features` -> Caffe's layer name."""


def _is_vgg16(state: State) -> bool:
    return "features.0.weight" in state


def _translate_vgg16(state: State) -> State:
    """The 13 convolutions. torchvision's 7x7 fc6 and its fc7 have no counterpart in the LargeFOV form."""
    translated: State = {}
    for name, value in state.items():
        part, _, rest = name.partition(".")
        if part == "classifier":
            continue
        index, _, leaf = rest.partition(".")
        layer = VGG16_CONVOLUTIONS.get(int(index)) if part == "features" and index.isdecimal() else None
        translated[f"backbone.{layer}.{leaf}" if layer else f"backbone.{name}"] = value
    return translated


def _is_resnet(state: State) -> bool:
    return "conv1.weight" in state and "layer1.0.conv1.weight" in state


def _translate_resnet(state: State) -> State:
    return {f"backbone.{name}": value for name, value in state.items() if not name.startswith("fc.")}


TORCHVISION_VGG16 = Layout(
    "torchvision VGG16",
    _is_vgg16,
    _translate_vgg16,
    normalisation=IMAGENET_RGB,
    absent=("backbone.fc6.", "backbone.fc7."),
)
TORCHVISION_RESNET = Layout("torchvision ResNet", _is_resnet, _translate_resnet, normalisation=IMAGENET_RGB)
