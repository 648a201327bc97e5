"""SBD's MATLAB files."""

import struct
from pathlib import Path

import numpy as np
import pytest
from exchange.sbd_files import write_sbd_mask
from hypothesis import HealthCheck, given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.io import savemat

from wsss_core.exchange import sbd_mat
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.sbd_mat import read_sbd_mask

LABELS = np.array([[0, 1, 20], [15, 0, 0]], np.uint8)
MASKS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=7), elements={"max_value": 20})


@given(MASKS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_the_mask_comes_back(tmp_path: Path, label_HW: np.ndarray) -> None:
    found = read_sbd_mask(write_sbd_mask(tmp_path / "a.mat", label_HW))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, label_HW)


def test_files_that_are_not_packed_are_read_too(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_sbd_mask(write_sbd_mask(tmp_path / "a.mat", LABELS, packed=False)), LABELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"GTinst": {"Segmentation": LABELS}}, "no variable GTcls"),
        ({"GTcls": {"Boundaries": LABELS}}, "is not in list"),
        ({"GTcls": {"Segmentation": LABELS + 100}}, "label ids from 100 to 120"),
        ({"GTcls": {"Segmentation": LABELS / 2}}, "no array of integers"),
        ({"GTcls": {"Segmentation": LABELS[None]}}, r"an array of shape \(1, 2, 3\)"),
        ({"GTcls": {"Segmentation": LABELS[:0]}}, r"an array of shape \(0, 3\)"),
        ({"GTcls": LABELS}, "GTcls is no struct"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: dict[str, object], message: str) -> None:
    savemat(tmp_path / "a.mat", content)
    with pytest.raises(ForeignFileError, match=rf"a\.mat: expected a MATLAB 5 file of SBD's `cls`.*{message}"):
        read_sbd_mask(tmp_path / "a.mat")


def test_files_of_machines_that_write_the_high_byte_first_are_read(tmp_path: Path) -> None:
    """As SPARC did: SciPy writes the low one first only."""

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)

    flags = [element(6, bytes([0, 0, 0, array_class, 0, 0, 0, 0])) for array_class in (2, 9)]
    mask = flags[1] + element(5, struct.pack(">ii", *LABELS.shape)) + element(1, b"") + element(2, LABELS.tobytes("F"))
    names = struct.pack(">HHi", 4, 5, 32) + element(1, b"Segmentation".ljust(32, b"\0"))
    struct_array = flags[0] + element(5, struct.pack(">ii", 1, 1)) + element(1, b"GTcls") + names + element(14, mask)
    head = b"MATLAB 5.0".ljust(124) + b"\1\0MI"
    (tmp_path / "a.mat").write_bytes(head + element(14, struct_array))
    np.testing.assert_array_equal(read_sbd_mask(tmp_path / "a.mat"), LABELS)


@pytest.mark.parametrize("content", [b"", b"MATLAB 7.3 MAT-file, HDF5" + bytes(200), b"\x89PNG" + bytes(300)])
def test_files_of_another_kind_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ForeignFileError, match="no head of MATLAB 5"):
        read_sbd_mask(tmp_path / "a.mat")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match="found no file"):
        read_sbd_mask(tmp_path / "a.mat")


def test_a_file_over_the_limit_is_refused_packed_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbd_mat, "LARGEST_BYTES", 1 << 20)
    giant_HW = np.zeros((2000, 2000), np.uint8)
    small = write_sbd_mask(tmp_path / "packed.mat", giant_HW)
    assert small.stat().st_size < 1 << 17
    with pytest.raises(ForeignFileError, match="it unpacks to more than 1 MB"):
        read_sbd_mask(small)
    with pytest.raises(ForeignFileError, match="file: more than 1 MB"):
        read_sbd_mask(write_sbd_mask(tmp_path / "plain.mat", giant_HW, packed=False))
