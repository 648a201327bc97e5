"""Names of networks and where their code is. Strings only: the workflow reads this without importing torch."""

NETWORKS: dict[str, str] = {
    "vgg16": "wsss_core.networks.vgg16:VGG16",
    "resnet38": "wsss_core.networks.resnet38:ResNet38",
    "resnet18": "wsss_core.networks.resnet:resnet18",
    "resnet34": "wsss_core.networks.resnet:resnet34",
    "resnet50": "wsss_core.networks.resnet:resnet50",
    "resnet101": "wsss_core.networks.resnet:resnet101",
    "resnet101_caffe": "wsss_core.networks.resnet101_caffe:ResNet101Caffe",
    "resnet50_deep": "wsss_core.networks.deep_resnet:resnet50_deep",
    "resnet101_deep": "wsss_core.networks.deep_resnet:resnet101_deep",
    "small": "wsss_core.networks.small:SmallNet",
}
"""Backbone name -> "module:function"."""

SWINS: dict[str, str] = {
    "swin_l": "wsss_core.networks.swin:swin_l",
    "swin_t": "wsss_core.networks.swin:swin_t",
    "swin_mini": "wsss_core.networks.swin:swin_mini",
}
"""Backbones on which Mask2Former alone stands."""

ARCHITECTURES: dict[str, str] = {
    "deeplab_v1": "wsss_core.networks.deeplab_v1:DeepLabV1",
    "deeplab_v2": "wsss_core.networks.deeplab_v2:DeepLabV2",
    "deeplab_v3plus": "wsss_core.networks.deeplab_v3plus:DeepLabV3Plus",
    "mask2former": "wsss_core.networks.mask2former:Mask2Former",
    "embedding_deeplab": "wsss_core.networks.pixel_embedding:DeepLabEmbedding",
    "embedding_pspnet": "wsss_core.networks.pixel_embedding:PSPNetEmbedding",
    "ws_fcn": "wsss_core.networks.one_stage.ws_fcn:WsFcn",
    "one_stage": "wsss_core.networks.one_stage.one_stage:OneStage",
    "one_stage_cam": "wsss_core.networks.one_stage.cam_baseline:CamBaseline",
}
"""Segmentation architecture name -> "module:class"."""

CLASSIFIERS: dict[str, str] = {
    "psa": "wsss_core.networks.classification:ClassificationNetwork",
    "irn": "wsss_core.networks.irn_classifier:IrnClassifier",
    "eps": "wsss_core.networks.eps_classifier:EpsClassifier",
}
"""Classifier name -> "module:class"."""

AFFINITY_NETS: dict[str, str] = {
    "affinitynet": "wsss_core.networks.affinity_net:AffinityNet",
    "irnet": "wsss_core.networks.irnet:IRNet",
}
"""Affinity network name -> "module:class"."""

_TABLES: dict[str, tuple[dict[str, str], str]] = {
    "classifier": (CLASSIFIERS, "classifier"),
    "affinity": (AFFINITY_NETS, "affinity network"),
    "segmenter": (ARCHITECTURES, "segmentation architecture"),
}
"""Role -> architectures, what messages call one."""

DEFAULT_ARCHITECTURES: dict[str, str] = {"classifier": "psa", "affinity": "affinitynet"}
"""Role -> architecture where none is named; a segmenter must name one."""


def lookup(table: dict[str, str], name: str, what: str) -> str:
    """The table's entry, or a ValueError that lists the known names."""
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known are: {', '.join(table)}")
    return table[name]


def network_modules(role: str, backbone: str, architecture: str | None = None) -> tuple[str, ...]:
    """Dotted names of the modules that the build functions will import for a choice, for the code fingerprint.

    Args:
        role: classifier, affinity or segmenter.
        backbone: name in `NETWORKS`.
        architecture: what of the role; None: as in `architecture_address`.

    Raises:
        ValueError: unknown name, or no architecture where one is needed.
    """
    addresses = (lookup({**NETWORKS, **SWINS}, backbone, "backbone"), architecture_address(role, architecture))
    return tuple(address.split(":")[0] for address in addresses)


def architecture_address(role: str, architecture: str | None) -> str:
    """ "module:class" of an architecture of a role; None stands for the one of PSA (classifier and affinity).

    Raises:
        ValueError: unknown role or name, or a segmenter without an architecture.
    """
    if role not in _TABLES:
        raise ValueError(f"unknown role {role!r}; known are: {', '.join(_TABLES)}")
    table, what = _TABLES[role]
    name = architecture or DEFAULT_ARCHITECTURES.get(role)
    if name is None:
        raise ValueError(f"a {role} needs an architecture; known are: {', '.join(table)}")
    return lookup(table, name, what)
