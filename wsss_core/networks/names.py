"""Names of networks and where their code is. Strings only: the workflow reads this without importing torch."""

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
        architecture: name in `ARCHITECTURES`; needed for segmenters, must be None otherwise.

    Raises:
        ValueError: unknown name, or an architecture where none belongs or none where one is needed.
    """
    if (role == "segmenter") != (architecture is not None):
        raise ValueError(f"a segmenter needs an architecture and no other role has one; found {role}, {architecture}")
    head = (
        lookup(HEADS, role, "role")
        if architecture is None
        else lookup(ARCHITECTURES, architecture, "segmentation architecture")
    )
    addresses = (lookup(NETWORKS, backbone, "backbone"), head)
    return tuple(address.split(":")[0] for address in addresses)
