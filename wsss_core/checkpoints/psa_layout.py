"""Checkpoints of PSA (Ahn & Kwak, CVPR 2018) and others with its flat names: VGG16 and ResNet38, with or without head.

EPS (ResNet38) and DeepLab-LargeFOV (VGG16, Caffe's layer names) have them, too, and so have files converted from the
ImageNet sources (Caffe's vgg16_20M, ademxapp's ResNet38). The input rule is that of the backbone (Caffe's BGR for
VGG16, ImageNet's RGB for ResNet38).
"""

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State

HEAD_NAMES = ("fc8", "f8_3", "f8_4", "f8_5", "f9", "gn8_3", "gn8_4", "gn8_5")
LARGEFOV_HEADS = ("fc8_voc12", "score")
"""What the last layer of DeepLab-LargeFOV is called: by its authors, and by OAA (ICCV 2019)."""
IMAGENET_HEAD = "linear1000"
MARKS = ("conv1_1.weight", "b2.conv_branch2a.weight")
NUMBERED = "block_1.conv1."
"""What the first layer is called by ports of LargeFOV that number the layers of each block, up to conv8 as the last."""
LARGEFOV_LAYERS = (
    *(f"conv{block}_{layer}" for block, layers in enumerate((2, 2, 3, 3, 3), 1) for layer in range(1, layers + 1)),
    "fc6",
    "fc7",
    "fc8",
)


def to_own_name(published: str) -> str:
    """Our name of a published entry: `conv1_1.weight` -> `backbone.conv1_1.weight`, `fc8.weight` as it is,
    `fc8_voc12.weight` -> `fc8.weight`."""
    layer, _, rest = published.partition(".")
    if layer in LARGEFOV_HEADS:
        return f"fc8.{rest}"
    return published if layer in HEAD_NAMES else f"backbone.{published}"


def to_published_name(own: str) -> str:
    """The published name of one of our entries; the inverse of `to_own_name` but for the heads of LargeFOV."""
    return own.removeprefix("backbone.")


def _recognises(state: State) -> bool:
    return any(mark in state for mark in MARKS)


def _translate(state: State) -> State:
    return {to_own_name(name): value for name, value in state.items() if not name.startswith(IMAGENET_HEAD)}


def _is_numbered(state: State) -> bool:
    return len(state) == 2 * len(LARGEFOV_LAYERS) and any(NUMBERED in name for name in state)


def _translate_by_order(state: State) -> State:
    """The layers stand in the file as in the network; what a port calls them after the first does not matter."""
    entries = list(state.items())
    translated: State = {}
    for place, layer in enumerate(LARGEFOV_LAYERS):
        for name, value in entries[2 * place : 2 * place + 2]:
            translated[to_own_name(f"{layer}.{name.rpartition('.')[2]}")] = value
    return translated


LARGEFOV_BY_ORDER = Layout("LargeFOV with numbered layers", _is_numbered, _translate_by_order, normalisation=None)
PSA_LAYOUT = Layout("PSA", _recognises, _translate, normalisation=None)
