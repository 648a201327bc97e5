from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm.box import CONFIG, Box, is_installed
from slurm.products import Products, products
from workflow.checkout import copy_sources, run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder take long, and need SLURM."""
    missing = pytest.mark.skipif(not is_installed(), reason="needs slurmctld, slurmd and munged (see docs/cluster.md)")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(missing)


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    cluster = Box(tmp_path_factory.mktemp("s"))
    cluster.do("start")
    yield cluster
    cluster.do("clean")


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Products:
    """What a run on one machine makes."""
    folder = copy_sources(tmp_path_factory.mktemp("local"))
    run(folder, config=CONFIG)
    return products(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_sources(tmp_path / "clone")
