import importlib.metadata
from pathlib import Path

import pytest

import wsss_core
from wsss_core.commands.checks.packages import COMPILED, check_compiled, check_packages


def versions(**known: str):  # type: ignore[no-untyped-def]
    def version_of(name: str) -> str:
        if name not in known:
            raise importlib.metadata.PackageNotFoundError(name)
        return known[name]

    return version_of


def test_packages_in_range_are_one_ok_line() -> None:
    [finding] = check_packages(["numpy>=1.26", "torch==2.13.0"], versions(numpy="2.1", torch="2.13.0+cpu"))
    assert finding.level == "ok"
    assert "2 of 2 packages" in finding.text
    assert "torch 2.13.0+cpu" in finding.text


def test_a_missing_package_is_a_fault_with_remedy() -> None:
    _, finding = check_packages(["numpy>=1.26", "pyarrow>=15"], versions(numpy="2.1"))
    assert (finding.level, "pyarrow>=15" in finding.text, "pip install" in finding.remedy) == ("fault", True, True)


def test_another_version_is_a_warning_that_names_both() -> None:
    _, finding = check_packages(["snakemake==9.27.*"], versions(snakemake="9.30.1"))
    assert finding.level == "warning"
    assert "9.27" in finding.text
    assert "9.30.1" in finding.text


def test_optional_packages_are_not_asked_for() -> None:
    [finding] = check_packages(['tensorboard>=2; extra == "tensorboard"'], versions())
    assert finding.level == "ok"


def test_this_installation_is_complete() -> None:
    assert {finding.level for finding in check_packages()} <= {"ok", "warning"}


def test_code_that_is_not_compiled_is_a_fault_that_says_what_to_do() -> None:
    def load(name: str) -> None:
        if "kmeans" in name:
            raise ImportError(f"expected {name}: run `make env`")

    [finding] = check_compiled(load)
    assert finding.level == "fault"
    assert "make env" in finding.text


def test_every_compiled_part_is_looked_at() -> None:
    def load(name: str) -> None:
        raise ImportError(name)

    assert [finding.text for finding in check_compiled(load)] == list(COMPILED)
    sources = Path(wsss_core.__file__).parent.glob("*/*.cpp")
    assert {name.split(".")[1] for name in COMPILED} == {source.parent.name for source in sources}


def test_other_errors_of_the_compiled_code_are_not_swallowed() -> None:
    def load(name: str) -> None:
        raise RuntimeError(name)

    with pytest.raises(RuntimeError, match="mean_field"):
        check_compiled(load)


def test_the_compiled_code_of_this_installation_is_there() -> None:
    assert check_compiled() == []
