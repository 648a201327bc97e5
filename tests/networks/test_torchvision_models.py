import subprocess
import sys

import pytest
import torch

from wsss_core.networks import torchvision_models

FRESH_IMPORT = """
import warnings; warnings.simplefilter("error")
from wsss_core.networks import torchvision_models as tv
import torch
print(tv.models.resnet18(weights=None).fc.out_features, hasattr(torch.ops.torchvision, "nms"))
"""


def test_torchvision_imports_in_a_fresh_process_whatever_its_binary_part_does():
    result = subprocess.run([sys.executable, "-c", FRESH_IMPORT], capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["1000", "True"], result.stderr


def test_a_second_import_after_the_declaration_gives_the_same_module():
    assert torchvision_models._import_torchvision() is torchvision_models.torchvision


def test_presence_of_binary_operators_is_told_truthfully():
    boxes, scores = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([1.0])
    try:
        torch.ops.torchvision.nms(boxes, scores, 0.5)
        works = True
    except NotImplementedError:
        works = False
    assert torchvision_models.has_binary_operators() == works


def test_an_import_error_of_another_cause_is_passed_on(monkeypatch):
    def fail(name: str):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(torchvision_models.importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="disk on fire"):
        torchvision_models._import_torchvision()


def test_missing_operators_are_declared_and_torchvision_is_imported_again(monkeypatch):
    calls: list[str] = []

    def first_fails(name: str):
        calls.append(name)
        if len(calls) == 1:
            raise RuntimeError("operator torchvision::nms does not exist")
        return "module"

    monkeypatch.setattr(torchvision_models.importlib, "import_module", first_fails)
    assert torchvision_models._import_torchvision() == "module"
    assert hasattr(torch.ops.torchvision, "nms")
    assert hasattr(torch.ops.torchvision, "qnms")
