"""ImageNet checkpoints of Caffe: VGG16 in DeepLab's form (`vgg16_20M`, PSA's start) and in that of ILSVRC."""

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import CAFFE_BGR

LEAVES = {"0": "weight", "1": "bias"}
"""Index of a layer's blob -> name of the parameter."""
IMAGENET_HEAD = "fc8"
MARK = "conv1_1.blobs.0"
FC6 = "fc6.blobs.0"
LARGEFOV_KERNEL = (3, 3)


def _is_vgg16(state: State) -> bool:
    return MARK in state


def _is_ilsvrc(state: State) -> bool:
    return MARK in state and FC6 in state and state[FC6].shape[-2:] != LARGEFOV_KERNEL


def _translate(state: State) -> State:
    translated: State = {}
    for name, value in state.items():
        layer, _, index = name.partition(".blobs.")
        leaf = LEAVES.get(index, index)
        if not layer.startswith(IMAGENET_HEAD):
            # The old form of a blob has always four sides.
            translated[f"backbone.{layer}.{leaf}"] = value.flatten() if leaf == "bias" else value
    return translated


def _translate_ilsvrc(state: State) -> State:
    """The 13 convolutions. The 7x7 fc6 and its fc7 have no counterpart in the LargeFOV form."""
    return {name: value for name, value in _translate(state).items() if name.startswith("backbone.conv")}


CAFFE_ILSVRC_VGG16 = Layout(
    "Caffe VGG16 of ILSVRC",
    _is_ilsvrc,
    _translate_ilsvrc,
    normalisation=CAFFE_BGR,
    absent=("backbone.fc6.", "backbone.fc7."),
)
CAFFE_VGG16 = Layout("Caffe VGG16", _is_vgg16, _translate, normalisation=CAFFE_BGR)
