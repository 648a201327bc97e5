"""The one place that imports torchvision.

A CPU wheel of torch next to a torchvision wheel built for CUDA cannot load torchvision's binary operators; torchvision
then fails at import because it describes operators (`nms`, `qnms`) that nobody declared. The declaration alone is
enough for its Python parts (models, transforms), so it is made here when it is missing. With a matching build nothing
is changed.
"""

import importlib
from types import ModuleType

import torch

_MISSING_OPERATORS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# Declarations live as long as this object: it must not be collected.
_declarations: list[torch.library.Library] = []


def _declare_missing_operators() -> None:
    """Declare (without a kernel) the torchvision operators that are not there."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in _MISSING_OPERATORS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _declarations.append(library)


def _import_torchvision() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    _declare_missing_operators()
    return importlib.import_module("torchvision")


torchvision = _import_torchvision()
models = importlib.import_module("torchvision.models")
transforms_functional = importlib.import_module("torchvision.transforms.functional")
ops = importlib.import_module("torchvision.ops")


def has_binary_operators() -> bool:
    """Whether torchvision's compiled operators (such as `nms`) can be called."""
    extension = importlib.import_module("torchvision.extension")
    return bool(extension._has_ops())
