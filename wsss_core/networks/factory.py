"""Networks by name. Nothing is imported before it is asked for, so that editing one network concerns its users only."""

import importlib
from collections.abc import Mapping
from typing import Literal

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.names import ARCHITECTURES, HEADS, NETWORKS, lookup
from wsss_core.networks.network import Network, TagClassifier

AFFINITY_OPTIONS: dict[str, dict[str, int]] = {"vgg16": {"fc6_dilation": 4}}
"""Where PSA's affinity net differs from its classifier in the backbone."""

SEGMENTER_OPTIONS: dict[tuple[str, str], dict[str, int | bool]] = {
    ("deeplab_v1", "vgg16"): {"fc6_dilation": 12, "pool5": True}
}
"""Where a segmentation network differs from the classifier in the backbone (DeepLab-LargeFOV, Chen et al. 2015)."""

HEAD_OPTIONS: dict[tuple[str, str], dict[str, int | tuple[int, ...]]] = {
    ("deeplab_v3plus", "small"): {"width": 48, "low_width": 24, "rates": (2, 4, 8)}
}
"""Where a segmentation head differs: the quick start's pictures have 20 cells a side, and its minutes are counted."""

Option = int | float | bool
Role = Literal["classifier", "affinity", "segmenter"]


def _load(address: str):  # type: ignore[no-untyped-def]
    module, attribute = address.split(":")
    return getattr(importlib.import_module(module), attribute)


def resolve_options(
    role: Role, backbone: str, architecture: str | None, options: Mapping[str, Option]
) -> dict[str, Option]:
    """The backbone's constructor options for a role: what the publication changes, then what `options` say."""
    published: Mapping[str, Option] = {}
    if role == "affinity":
        published = AFFINITY_OPTIONS.get(backbone, {})
    elif architecture is not None:
        published = SEGMENTER_OPTIONS.get((architecture, backbone), {})
    return {**published, **options}


def build_backbone(name: str, **options: Option) -> Backbone:
    """A backbone with random weights; `options` are those of its constructor (e.g. `output_stride`, `fc6_dilation`).

    Raises:
        ValueError: unknown name.
    """
    backbone: Backbone = _load(lookup(NETWORKS, name, "backbone"))(**options)
    return backbone


def build_classifier(name: str, classes: int, **options: Option) -> TagClassifier:
    """A `ClassificationNetwork` for C foreground classes on the named backbone, random weights.

    Raises:
        ValueError: unknown name, or fewer than 1 class.
    """
    network: TagClassifier = _load(HEADS["classifier"])(build_backbone(name, **options), classes)
    return network


def build_affinity_net(name: str, **options: Option) -> Network:
    """An `AffinityNet` on the named backbone, random weights.

    Raises:
        ValueError: unknown name.
    """
    backbone = build_backbone(name, **resolve_options("affinity", name, None, options))
    network: Network = _load(HEADS["affinity"])(backbone)
    return network


def build_segmenter(architecture: str, backbone: str, classes: int, **options: Option) -> Network:
    """A segmentation network for K classes (background included) on the named backbone, random weights.

    Raises:
        ValueError: unknown architecture or backbone, or a pair that does not exist.
    """
    build = _load(lookup(ARCHITECTURES, architecture, "segmentation architecture"))
    trunk = build_backbone(backbone, **resolve_options("segmenter", backbone, architecture, options))
    network: Network = build(trunk, classes, **HEAD_OPTIONS.get((architecture, backbone), {}))
    return network
