"""Networks by name. Nothing is imported before it is asked for, so that editing one network concerns its users only."""

import importlib
from typing import Literal

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import Network, TagClassifier

Role = Literal["classifier", "affinity", "segmenter"]

NETWORKS: dict[str, str] = {
    "vgg16": "wsss_core.networks.vgg16:VGG16",
    "resnet38": "wsss_core.networks.resnet38:ResNet38",
    "resnet18": "wsss_core.networks.resnet:resnet18",
    "resnet34": "wsss_core.networks.resnet:resnet34",
    "resnet50": "wsss_core.networks.resnet:resnet50",
    "resnet101": "wsss_core.networks.resnet:resnet101",
    "small": "wsss_core.networks.small:SmallNet",
}
"""Backbone name -> "module:function"."""

ARCHITECTURES: dict[str, str] = {
    "deeplab_v1": "wsss_core.networks.deeplab_v1:DeepLabV1",
    "deeplab_v3plus": "wsss_core.networks.deeplab_v3plus:DeepLabV3Plus",
}
"""Segmentation architecture name -> "module:class"."""

HEADS: dict[str, str] = {
    "classifier": "wsss_core.networks.classification:ClassificationNetwork",
    "affinity": "wsss_core.networks.affinity_net:AffinityNet",
}

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


def _lookup(table: dict[str, str], name: str, what: str) -> str:
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known are: {', '.join(table)}")
    return table[name]


def _load(address: str):  # type: ignore[no-untyped-def]
    module, attribute = address.split(":")
    return getattr(importlib.import_module(module), attribute)


def build_backbone(name: str, **options: Option) -> Backbone:
    """A backbone with random weights; `options` are those of its constructor (e.g. `output_stride`, `fc6_dilation`).

    Raises:
        ValueError: unknown name.
    """
    backbone: Backbone = _load(_lookup(NETWORKS, name, "backbone"))(**options)
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
    merged = {**AFFINITY_OPTIONS.get(name, {}), **options}
    network: Network = _load(HEADS["affinity"])(build_backbone(name, **merged))
    return network


def build_segmenter(architecture: str, backbone: str, classes: int, **options: Option) -> Network:
    """A segmentation network for K classes (background included) on the named backbone, random weights.

    Raises:
        ValueError: unknown architecture or backbone, or a pair that does not exist.
    """
    build = _load(_lookup(ARCHITECTURES, architecture, "segmentation architecture"))
    merged = {**SEGMENTER_OPTIONS.get((architecture, backbone), {}), **options}
    network: Network = build(
        build_backbone(backbone, **merged), classes, **HEAD_OPTIONS.get((architecture, backbone), {})
    )
    return network


def network_modules(role: Role, backbone: str, architecture: str | None = None) -> tuple[str, ...]:
    """Dotted names of the modules that the build functions will import for a choice, for the code fingerprint.

    Args:
        role: classifier, affinity or segmenter.
        backbone: name in `NETWORKS`.
        architecture: name in `ARCHITECTURES`; needed for segmenters, must be None otherwise.

    Raises:
        ValueError: unknown name, or an architecture where none belongs or none where one is needed.
    """
    if (role == "segmenter") != (architecture is not None):
        raise ValueError(f"a segmenter needs an architecture and no other role has one; found {role}, {architecture}")
    head = HEADS[role] if architecture is None else _lookup(ARCHITECTURES, architecture, "segmentation architecture")
    addresses = (_lookup(NETWORKS, backbone, "backbone"), head)
    return tuple(address.split(":")[0] for address in addresses)
