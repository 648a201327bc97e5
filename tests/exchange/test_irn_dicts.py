from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.irn_dicts import stacked_dict, strided_hw, write_irn_dict
from wsss_core.exchange.npy_dicts import read_dict
from wsss_core.exchange.pickled_tensors import TENSOR_STEPS


def maps(classes: int, size_hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((classes, *size_hw), np.float32)


@given(
    labels=st.lists(st.integers(1, 80), unique=True, max_size=4).map(sorted),
    size_hw=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    seed=st.integers(0, 99),
)
def test_both_sets_of_maps_written_and_read_are_equal_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, labels: list[int], size_hw: tuple[int, int], seed: int
) -> None:
    full, strided = maps(len(labels), size_hw, seed), maps(len(labels), strided_hw(size_hw), seed + 1)
    path = tmp_path_factory.mktemp("irn") / "a.npy"
    write_irn_dict(path, labels, strided, full)
    content = read_dict(path, TENSOR_STEPS)
    for name, expected in (("high_res", full), ("cam", strided)):
        found = stacked_dict(content, name, "a.npy")
        assert found.labels.tolist() == labels
        assert found.maps_Khw.tobytes() == expected.tobytes()


def test_written_files_hold_what_irn_reads(tmp_path: Path) -> None:
    write_irn_dict(tmp_path / "a.npy", [3, 8], maps(2, (3, 2)), maps(2, (9, 8)))
    content = np.load(tmp_path / "a.npy", allow_pickle=True).item()
    assert list(content) == ["keys", "cam", "high_res"]
    assert torch.equal(content["keys"], torch.tensor([2, 7]))
    assert np.pad(content["keys"] + 1, (1, 0)).tolist() == [0, 3, 8]
    assert (content["cam"].dtype, tuple(content["cam"].shape)) == (torch.float32, (2, 3, 2))
    assert (content["high_res"].dtype, content["high_res"].shape) == (np.float32, (2, 9, 8))


@pytest.mark.parametrize(("size_hw", "expected"), [((9, 8), (3, 2)), ((1, 5), (1, 2)), ((375, 500), (94, 125))])
def test_size_of_the_maps_at_stride_4(size_hw: tuple[int, int], expected: tuple[int, int]) -> None:
    assert strided_hw(size_hw) == expected


@pytest.mark.parametrize("keys", [torch.tensor([5, 2]), np.array([5, 2]), [5, 2], (np.int64(5), 2)])
def test_class_ids_may_be_a_tensor_an_array_or_a_list_in_any_order(tmp_path: Path, keys: object) -> None:
    stack = maps(2, (3, 4)).astype(np.float16)
    np.save(tmp_path / "a.npy", np.array({"keys": keys, "attn_highres": stack}, dtype=object), allow_pickle=True)
    found = stacked_dict(read_dict(tmp_path / "a.npy", TENSOR_STEPS), "attn_highres", "a.npy")
    assert found.labels.tolist() == [3, 6]
    np.testing.assert_array_equal(found.maps_Khw, stack[::-1].astype(np.float32))


STACK = maps(2, (3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"high_res": STACK}, "expected 'keys' and 'high_res', found 'high_res'"),
        ({"keys": [1, 2], "cam": STACK}, "expected 'keys' and 'high_res', found 'keys', 'cam'"),
        ({}, "found nothing"),
        ({"keys": "cat", "high_res": STACK}, "expected 'keys' to be a list of class ids"),
        ({"keys": ["cat"], "high_res": STACK}, "expected 'keys' to be a list of class ids"),
        ({"keys": [0.5, 1], "high_res": STACK}, "expected 'keys' to be a list of class ids, found float64"),
        ({"keys": [1, 2], "high_res": STACK[0]}, r"expected 'high_res' with the axes \(K, h, w\), found \(3, 4\)"),
        ({"keys": [1, 2], "high_res": [STACK]}, r"expected 'high_res' with the axes \(K, h, w\), found list"),
        ({"keys": [1, 2, 3], "high_res": STACK}, "high_res: expected a map for each of 3 class ids, found 2"),
        ({"keys": [-1, 2], "high_res": STACK}, "high_res: expected class ids that are numbers from 0"),
    ],
)
def test_other_contents_are_refused(content: dict[object, object], message: str) -> None:
    with pytest.raises(ForeignFileError, match=rf"^a\.npy.*{message}"):
        stacked_dict(content, "high_res", "a.npy")


@pytest.mark.parametrize(
    ("labels", "strided", "full", "message"),
    [
        ([1, 2], maps(2, (2, 2)), maps(2, (9, 8)), r"\(2, 3, 2\) at stride 4, found \(2, 9, 8\) and \(2, 2, 2\)"),
        ([1], maps(2, (3, 2)), maps(2, (9, 8)), "expected maps of 1 classes"),
        ([0, 2], maps(2, (3, 2)), maps(2, (9, 8)), "found a background"),
    ],
)
def test_maps_that_do_not_fit_are_faults_of_the_caller(
    tmp_path: Path, labels: list[int], strided: np.ndarray, full: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_irn_dict(tmp_path / "a.npy", labels, strided, full)
    assert list(tmp_path.iterdir()) == []
