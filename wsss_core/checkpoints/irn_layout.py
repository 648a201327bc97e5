"""Checkpoints of IRN (Ahn et al., CVPR 2019): its ResNet50 tag classifier and its IRNet.

The public code lists most tensors two or three times, under the names of the module and of the lists that hold it
(`resnet50.conv1`, `stage1.0`, `backbone.0.0`). Any of the copies is taken, of several the last listed, as the original
loads them; all are equal in a file that it wrote.
"""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import IMAGENET_RGB

MARK = re.compile(r"(resnet50|stage1|backbone\.\d+)\.")
PATH_BUFFERS = ("path_indices", "disp_target")
"""Index tables of IRNet's pairs, 223 MB that follow from the radius."""

_STEM = {"0": "conv1", "1": "bn1"}
_CLASSIFIER_STAGES = ({**_STEM, "4": "layer1"}, {"0": "layer2"}, {"0": "layer3"}, {"0": "layer4"})
_IRNET_STAGES = (_STEM, {"0": "layer1"}, {"0": "layer2"}, {"0": "layer3"}, {"0": "layer4"})
"""Of each network: position in a stage -> torchvision's name."""
_MEAN_SHIFT = "mean_shift."
_HEADS = {
    "newly_added.0.": "classifier.",
    "fc_dp7.4.": _MEAN_SHIFT,
    "dp_layers.6.4.": _MEAN_SHIFT,
    **{f"edge_layers.{index}.": f"fc_edge{index + 1}." for index in range(6)},
    **{f"dp_layers.{index}.": f"fc_dp{index + 1}." for index in range(7)},
}
"""Beginning of an entry -> beginning of our name; the first that fits holds."""


def to_own_name(published: str, is_classifier: bool) -> str:
    """Our name of a published entry: `resnet50.conv1.weight`, `stage1.0.weight`, `backbone.0.0.weight` ->
    `backbone.conv1.weight`; `newly_added.0.weight` -> `classifier.weight`; one that has no place comes back as it is.

    The stages of the tag classifier (`is_classifier`) begin with stem and layer1 together, those of IRNet with the
    stem.
    """
    if published.startswith("resnet50."):
        return f"backbone.{published.removeprefix('resnet50.')}"
    for beginning, own in _HEADS.items():
        if published.startswith(beginning):
            return own + published.removeprefix(beginning)
    return _from_stage(published, _CLASSIFIER_STAGES if is_classifier else _IRNET_STAGES)


def _from_stage(published: str, stages: tuple[dict[str, str], ...]) -> str:
    """`stage2.0.3.bn1.weight` and `backbone.1.0.3.bn1.weight` -> the entry `3.bn1.weight` of the stage's module."""
    found = re.fullmatch(r"(?:stage([1-9])|backbone\.(\d))\.(\d)\.(.+)", published)
    if found is None:
        return published
    number = int(found[1]) - 1 if found[1] else int(found[2])
    module = stages[number].get(found[3]) if number < len(stages) else None
    return f"backbone.{module}.{found[4]}" if module else published


def to_published_name(own: str) -> str:
    """The one published name under which we write an entry: `backbone.conv1.weight` -> `resnet50.conv1.weight`."""
    return f"resnet50.{own.removeprefix('backbone.')}" if own.startswith("backbone.") else own


def _recognises(state: State) -> bool:
    return any(MARK.match(name) for name in state)


def _translate(state: State) -> State:
    is_irnet = any(name.startswith(("fc_edge", "edge_layers", "fc_dp", "dp_layers", "stage5.")) for name in state)
    kept = {name: value for name, value in state.items() if not name.startswith(PATH_BUFFERS)}
    return {to_own_name(name, not is_irnet): value for name, value in kept.items()}


IRN_LAYOUT = Layout("IRN", _recognises, _translate, normalisation=IMAGENET_RGB)
