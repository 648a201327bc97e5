"""The one place that imports Hugging Face's `transformers`.

It imports torchvision, which must first have been mended where its binary part does not fit torch
(`torchvision_models`); and it looks for files on the internet by name unless it is told not to: weights come from
files here, never from a download in the middle of a job.
"""

import importlib
import os
from types import ModuleType

from wsss_core.networks import torchvision_models

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
assert torchvision_models.torchvision is not None  # the mended import must come before that of transformers


def model_module(name: str) -> ModuleType:
    """The module `transformers.models.<name>`, such as "sam.modeling_sam"."""
    return importlib.import_module(f"transformers.models.{name}")
