from types import SimpleNamespace

import pytest

from wsss_core.commands.checks import device
from wsss_core.commands.checks.device import check_device


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.torch.cuda, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device.torch.cuda, "device_count", lambda: 2)
    about = SimpleNamespace(name="Card", total_memory=24e9)
    monkeypatch.setattr(device.torch.cuda, "get_device_properties", lambda index: about)


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize(("setting", "level"), [("auto", "ok"), ("cpu", "ok"), ("cuda", "fault"), ("cuda:1", "fault")])
def test_without_a_gpu_only_an_explicit_cuda_is_a_fault(setting: str, level: str) -> None:
    assert check_device(setting)[0].level == level


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize(("built_with", "level"), [("12.8", "ok"), (None, "fault")])
def test_a_login_node_needs_no_gpu_but_a_build_that_can_use_one(
    monkeypatch: pytest.MonkeyPatch, built_with: str | None, level: str
) -> None:
    monkeypatch.setattr(device.torch.version, "cuda", built_with)
    assert check_device("cuda", on_cluster=True)[0].level == level
    assert check_device("cuda")[0].level == "fault"


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(("setting", "level"), [("auto", "ok"), ("cpu", "ok"), ("cuda:1", "ok"), ("cuda:2", "fault")])
def test_with_gpus_the_index_must_exist(setting: str, level: str) -> None:
    assert check_device(setting)[0].level == level


@pytest.mark.usefixtures("two_gpus")
def test_the_card_is_named() -> None:
    assert "Card with 24 GB" in check_device("auto")[0].text


@pytest.mark.usefixtures("without_gpu")
def test_little_memory_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.psutil, "virtual_memory", lambda: SimpleNamespace(total=2e9))
    assert [finding.level for finding in check_device("cpu")] == ["ok", "warning"]
