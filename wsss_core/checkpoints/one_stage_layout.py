"""Checkpoints of WS-FCN (Wang et al., TNNLS 2023) and its parent (Araslanov & Roth, CVPR 2020), `model_enc_e*.pth`.

The backbone's names are those of PSA's ResNet38 and VGG16 or of torchvision's ResNets. Left out are what computes
nothing: the fixed kernels of the mask refinement, and the BatchNorm within each branch of the flexible context. The
baseline lists its classifier three times, of which the last is in force.
"""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import IMAGENET_RGB

MARKS = ("last_conv.", "mask_branch.")
HEAD_NAMES = ("fca", "align1", "sf2", "aspp", "fc8_skip", "fc8_x", "shallow_mask", "last_conv", "fc8")
CLASSIFIER_COPIES = ("fc8.weight", "cls_branch.1.weight", "cls_branch.2.weight", "mask_branch.0.weight")
CLASSIFIER = "fc8.weight"
UNUSED = re.compile(r"_aff\.|fca\.fca\d\.bn\.")


def to_own_name(published: str) -> str:
    """Our name of a published entry: `conv1a.weight` -> `backbone.conv1a.weight`, `fca.conv1.weight` as it is; each
    copy of the baseline's classifier -> `fc8.weight`."""
    if published in CLASSIFIER_COPIES:
        return CLASSIFIER
    return published if published.split(".")[0] in HEAD_NAMES else f"backbone.{published}"


def is_used(published: str) -> bool:
    """Whether an entry takes part in what the network computes."""
    return UNUSED.match(published) is None


def _recognises(state: State) -> bool:
    is_own = any(name.startswith("backbone.") for name in state)
    return not is_own and any(name.startswith(MARKS) for name in state)


def _translate(state: State) -> State:
    return {to_own_name(name): value for name, value in state.items() if is_used(name)}


ONE_STAGE_LAYOUT = Layout("WS-FCN", _recognises, _translate, normalisation=IMAGENET_RGB)
