"""Damaged MATLAB files of SBD."""

from pathlib import Path

import numpy as np
import pytest
from exchange.sbd_files import write_sbd_mask
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.sbd_mat import read_sbd_mask

LABELS = np.random.default_rng(0).integers(0, 21, (6, 8)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    for packed in (True, False):
        write_sbd_mask(root / f"{packed}.mat", LABELS, packed)
    return root


@given(data=st.data(), packed=st.booleans())
def test_a_damaged_file_is_read_or_refused_with_its_name(folder: Path, data: st.DataObject, packed: bool) -> None:
    path = folder / "damaged.mat"
    path.write_bytes(data.draw(damaged((folder / f"{packed}.mat").read_bytes())))
    assert tried(lambda: read_sbd_mask(path), ForeignFileError, str(path)) is not None
