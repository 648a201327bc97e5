import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from wsss_core.networks.transformers_models import model_module

FRESH_IMPORT = """
import warnings; warnings.simplefilter("error")
from wsss_core.networks.transformers_models import model_module
import os
print(model_module("sam.modeling_sam").SamVisionEncoder.__name__, os.environ["HF_HUB_OFFLINE"])
"""


def test_transformers_imports_in_a_fresh_process_without_warnings_and_stays_offline():
    result = subprocess.run([sys.executable, "-c", FRESH_IMPORT], capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["SamVisionEncoder", "1"], result.stderr


def test_a_model_that_does_not_exist_is_an_import_error():
    with pytest.raises(ModuleNotFoundError, match="no_such_model"):
        model_module("no_such_model")


def test_the_installed_version_is_in_the_pinned_range():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    needs = [Requirement(line) for line in tomllib.loads(text)["project"]["dependencies"]]
    pinned = next(need for need in needs if need.name == "transformers")
    assert pinned.specifier, "names of modules and parameters change between versions: the range must be given"
    assert pinned.specifier.contains(importlib.metadata.version("transformers"))
