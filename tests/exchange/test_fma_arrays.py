from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.cams import CamRow
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.fma_arrays import ATTENTION, read_fma_arrays, write_fma_arrays

SIZE_HW = (40, 50)
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


def row(classes: list[int], grid_hw: tuple[int, int], with_attention: bool) -> CamRow:
    random = np.random.default_rng(len(classes))
    maps = random.normal(size=(len(classes), *grid_hw)).astype(np.float32)
    cells = grid_hw[0] * grid_hw[1]
    attention = random.random((cells, cells)).astype(np.float16) if with_attention else None
    return CamRow("a", SIZE_HW, np.array(sorted(classes), np.int32), (maps,), SIZE_HW, True, attention)


@given(st.lists(st.integers(1, 80), unique=True, min_size=1, max_size=4), st.integers(1, 4), st.booleans())
def test_what_is_written_is_read_again(tmp_path_factory, classes: list[int], width: int, with_attention: bool) -> None:
    path, written = tmp_path_factory.mktemp("fma") / "a.npz", row(classes, (3, width), with_attention)
    write_fma_arrays(path, written)
    found = read_fma_arrays(path)
    assert found.labels.tolist() == written.class_ids.tolist()
    assert found.maps_Khw.tobytes() == written.maps[0].tobytes()
    with np.load(path) as arrays:
        assert (ATTENTION in arrays.files) is with_attention
        if written.attention_NN is not None:
            np.testing.assert_array_equal(arrays[ATTENTION], written.attention_NN)


def test_maps_that_the_form_has_no_place_for_are_refused(tmp_path: Path) -> None:
    one = row([1], (2, 2), False)
    for other in (replace(one, maps=one.maps * 2), replace(one, canvas_hw=(48, 64))):
        with pytest.raises(ValueError, match="image 'a': expected CAMs of one scale that cover the image, found"):
            write_fma_arrays(tmp_path / "a.npz", other)
    assert not (tmp_path / "a.npz").exists()
