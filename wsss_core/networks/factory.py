"""Networks by name. Nothing is imported before it is asked for, so that editing one network concerns its users only."""

import importlib
from collections.abc import Mapping
from typing import Literal

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.names import DEFAULT_ARCHITECTURES, NETWORKS, SWINS, architecture_address, lookup
from wsss_core.networks.network import Network, TagClassifier

_UNDILATED: dict[str, int | bool] = {"output_stride": 16, "dilate": False}
_ON_UNDILATED_RESNETS = ("irn", "irnet", "ws_fcn", "one_stage", "one_stage_cam")
_RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101")

BACKBONE_OPTIONS: dict[tuple[str, str], dict[str, int | bool]] = {
    ("affinitynet", "vgg16"): {"fc6_dilation": 4},
    ("deeplab_v1", "vgg16"): {"fc6_dilation": 12, "pool5": True},
    ("ws_fcn", "vgg16"): {"output_stride": 16},
    **{(architecture, resnet): _UNDILATED for architecture in _ON_UNDILATED_RESNETS for resnet in _RESNETS},
}
"""(Architecture, backbone) -> where the backbone differs from that of PSA's classifier: PSA's affinity net,
DeepLab-LargeFOV (Chen et al., ICLR 2015), both networks of IRN (Ahn et al., CVPR 2019), WS-FCN (Wang et al., TNNLS
2023) and its parent (Araslanov & Roth, CVPR 2020)."""

HEAD_OPTIONS: dict[tuple[str, str], dict[str, int | tuple[int | float, ...]]] = {
    ("deeplab_v2", "resnet101_caffe"): {"smaller_scales": (0.5, 0.75)},
    ("deeplab_v2", "small"): {"dilations": (2, 4, 6, 8)},
    ("mask2former", "swin_mini"): {
        "queries": 12,
        "width": 64,
        "pixel_layers": 2,
        "pixel_hidden": 128,
        "layers": 3,
        "hidden": 96,
    },
    ("deeplab_v3plus", "small"): {"width": 48, "low_width": 24, "rates": (2, 4, 8)},
    ("embedding_deeplab", "small"): {"dilations": (2, 4, 6, 8)},
    ("ws_fcn", "small"): {"width": 48, "dilations": (1, 2, 4, 6)},
    ("one_stage", "small"): {"width": 48, "low_width": 24, "dilations": (1, 2, 4, 8)},
}
"""Where a segmentation head differs: DeepLab v2 on its authors' ResNet-101 looks at three scales of the input (Chen et
al., TPAMI 2018); the quick start's pictures have 20 cells a side, and its minutes are counted."""

Option = int | float | bool
Role = Literal["classifier", "affinity", "segmenter"]


def _load(address: str):  # type: ignore[no-untyped-def]
    module, attribute = address.split(":")
    return getattr(importlib.import_module(module), attribute)


def resolve_options(
    role: Role, backbone: str, architecture: str | None, options: Mapping[str, Option]
) -> dict[str, Option]:
    """The backbone's constructor options for a role: what the publication changes, then what `options` say."""
    name = architecture or DEFAULT_ARCHITECTURES.get(role, "")
    return {**BACKBONE_OPTIONS.get((name, backbone), {}), **options}


def stride_option(backbone: str, output_stride: int | None) -> dict[str, Option]:
    """The constructor option for a stride of the top feature; none where the backbone has but one stride."""
    return {"output_stride": output_stride} if output_stride is not None and backbone in _RESNETS else {}


def build_backbone(name: str, **options: Option) -> Backbone:
    """A backbone with random weights; `options` are those of its constructor (e.g. `output_stride`, `fc6_dilation`).

    Raises:
        ValueError: unknown name.
    """
    backbone: Backbone = _load(lookup({**NETWORKS, **SWINS}, name, "backbone"))(**options)
    return backbone


def build_network(
    role: Role, backbone: str, architecture: str | None, foreground_classes: int, **options: Option
) -> Network:
    """A network of any role on the named backbone, random weights; an affinity net takes no notice of the classes.

    Raises:
        ValueError: unknown name, or a segmenter without an architecture.
    """
    if role == "classifier":
        return build_classifier(backbone, foreground_classes, architecture, **options)
    if role == "affinity":
        return build_affinity_net(backbone, architecture, **options)
    if role == "segmenter" and architecture is not None:
        return build_segmenter(architecture, backbone, foreground_classes + 1, **options)
    raise ValueError(
        f"expected the role classifier, affinity or segmenter (with an architecture); "
        f"found role {role!r}, architecture {architecture!r}"
    )


def build_classifier(name: str, classes: int, architecture: str | None = None, **options: Option) -> TagClassifier:
    """A tag classifier for C foreground classes on the named backbone, random weights; by default that of PSA.

    Raises:
        ValueError: unknown name, a pair that does not exist, or fewer than 1 class.
    """
    head = _load(architecture_address("classifier", architecture))
    backbone = build_backbone(name, **resolve_options("classifier", name, architecture, options))
    network: TagClassifier = head(backbone, classes)
    return network


def build_affinity_net(name: str, architecture: str | None = None, **options: Option) -> Network:
    """An affinity network on the named backbone, random weights; by default AffinityNet.

    Raises:
        ValueError: unknown name.
    """
    head = _load(architecture_address("affinity", architecture))
    network: Network = head(build_backbone(name, **resolve_options("affinity", name, architecture, options)))
    return network


def build_segmenter(architecture: str, backbone: str, classes: int, **options: Option) -> Network:
    """A segmentation network for K classes (background included) on the named backbone, random weights.

    Raises:
        ValueError: unknown architecture or backbone, or a pair that does not exist.
    """
    build = _load(architecture_address("segmenter", architecture))
    trunk = build_backbone(backbone, **resolve_options("segmenter", backbone, architecture, options))
    network: Network = build(trunk, classes, **HEAD_OPTIONS.get((architecture, backbone), {}))
    return network
