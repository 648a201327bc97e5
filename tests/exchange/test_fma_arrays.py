from pathlib import Path

import numpy as np
import pytest

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.fma_arrays import read_fma_arrays

CAM = np.array([[[3.0, -1.0]], [[0.5, 7.0]]], np.float32)


def test_raw_maps_are_read_with_their_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", cam=CAM, fg_cls=np.array([14, 2]), fg_logit=np.ones(2), att=np.ones((2, 2), "f2"))
    found = read_fma_arrays(tmp_path / "a.npz")
    assert found.labels.tolist() == [3, 15]
    np.testing.assert_array_equal(found.maps_Khw, CAM[::-1])


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.npz: expected a \.npz file"):
        read_fma_arrays(tmp_path / "none.npz")
    (tmp_path / "a.npz").write_bytes(b"PK no archive")
    with pytest.raises(ForeignFileError, match=r"a\.npz: expected a \.npz file with 'fg_cls' and 'cam'"):
        read_fma_arrays(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", cam=CAM)
    with pytest.raises(ForeignFileError, match=r"b\.npz: .*fg_cls is not a file in the archive"):
        read_fma_arrays(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", cam=CAM[0], fg_cls=[1])
    with pytest.raises(ForeignFileError, match=r"c\.npz: expected .* found \(1,\) and \(1, 2\)"):
        read_fma_arrays(tmp_path / "c.npz")


def test_pickled_contents_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", cam=np.array([print], dtype=object), fg_cls=np.array([1]), allow_pickle=True)
    with pytest.raises(ForeignFileError, match=r"a\.npz: .*Object arrays cannot be loaded"):
        read_fma_arrays(tmp_path / "a.npz")
