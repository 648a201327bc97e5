"""The option of the golden tests; it stands here so that pytest knows it whichever tests are asked for."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-dir",
        type=Path,
        default=None,
        metavar="DIR",
        help="run the recorded cases of every DIR/<system>/cases.json instead of the default ones (tests/golden)",
    )
