from pathlib import Path

import pytest
from workflow.checkout import copy_sources, run


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which nothing has run. Do not change it."""
    return copy_sources(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the tiny experiment has run from end to end. Do not change it: take a copy."""
    folder = copy_sources(tmp_path_factory.mktemp("finished"))
    run(folder)
    return folder
