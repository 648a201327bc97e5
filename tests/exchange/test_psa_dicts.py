import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.npy_dicts import read_dict
from wsss_core.exchange.psa_dicts import cam_dict, crf_dict, write_cam_dict, write_crf_dict

LABELS = st.lists(st.integers(1, 90), unique=True, min_size=1, max_size=4).map(sorted)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
SIZES = st.tuples(st.integers(1, 5), st.integers(1, 5))


@given(labels=LABELS, size_hw=SIZES, data=st.data())
def test_cams_written_and_read_are_equal_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, labels: list[int], size_hw: tuple[int, int], data: st.DataObject
) -> None:
    maps_CHW = data.draw(hnp.arrays(np.float32, (len(labels), *size_hw), elements=FLOATS))
    path = tmp_path_factory.mktemp("psa") / "a.npy"
    write_cam_dict(path, labels, maps_CHW)
    found = cam_dict(read_dict(path), "a.npy")
    assert found.labels.tolist() == labels
    assert found.maps_Khw.tobytes() == maps_CHW.tobytes()


@given(labels=LABELS, size_hw=SIZES, data=st.data())
def test_crf_probabilities_written_and_read_are_equal_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, labels: list[int], size_hw: tuple[int, int], data: st.DataObject
) -> None:
    labels = [0, *labels]
    maps_KHW = data.draw(hnp.arrays(np.float32, (len(labels), *size_hw), elements=FLOATS))
    path = tmp_path_factory.mktemp("psa") / "a.npy"
    write_crf_dict(path, labels, maps_KHW)
    found = crf_dict(read_dict(path), "a.npy")
    assert found.labels.tolist() == labels
    assert found.maps_Khw.tobytes() == maps_KHW.tobytes()


def test_written_cams_are_the_dictionary_that_psa_reads(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", np.array([3, 8], np.int32), np.ones((2, 4, 5), np.float16))
    content = np.load(tmp_path / "a.npy", allow_pickle=True).item()
    assert {type(key) for key in content} == {int}
    assert list(content) == [2, 7]
    assert {(value.dtype, value.shape) for value in content.values()} == {(np.dtype(np.float32), (4, 5))}


def test_written_crf_probabilities_have_the_background_under_zero(tmp_path: Path) -> None:
    write_crf_dict(tmp_path / "a.npy", [0, 8], np.stack([np.zeros((4, 5)), np.ones((4, 5))]))
    content = np.load(tmp_path / "a.npy", allow_pickle=True).item()
    assert list(content) == [0, 8]
    assert content[8].min() == 1


def test_files_of_python_2_are_read(tmp_path: Path) -> None:
    """The published files: pickles of protocol 2 with keys of NumPy's own integer type."""
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(np.array({np.int64(14): np.ones((2, 3), np.float32)}, dtype=object), file, protocol=2)
    found = cam_dict(read_dict(tmp_path / "a.npy"), "a.npy")
    assert found.labels.tolist() == [15]
    np.testing.assert_array_equal(found.maps_Khw, np.ones((1, 2, 3), np.float32))


def test_an_image_without_tags_has_an_empty_dictionary(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [], np.zeros((0, 4, 5), np.float32))
    assert cam_dict(read_dict(tmp_path / "a.npy"), "a.npy").labels.tolist() == []


def test_cams_in_place_of_crf_probabilities_are_told() -> None:
    with pytest.raises(ForeignFileError, match=r"la/a\.npy: expected the background under key 0.* the keys \[3\]"):
        crf_dict({3: np.ones((2, 2))}, "la/a.npy")


def test_a_background_where_there_is_none_and_none_where_there_should_be_are_faults_of_the_caller() -> None:
    with pytest.raises(ValueError, match="expected classes only, found a background"):
        write_cam_dict("a.npy", [0, 1], np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match=r"expected a background .* found the labels \[1\]"):
        write_crf_dict("a.npy", [1], np.ones((1, 2, 2)))
