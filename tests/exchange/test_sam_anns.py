"""Pickled masks of FMA-WSSS are read; a pickle that could run a program is refused before it does."""

import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from wsss_core.artifacts.rle import decode_masks, encode_masks, uncompress_counts
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.restricted_npy import UnsafePickleError
from wsss_core.exchange.sam_anns import read_sam_anns
from wsss_core.regions.precomputed import read_regions

MASKS = np.zeros((2, 4, 5), bool)
MASKS[0, 1:3, 1:4] = True
MASKS[1, :, 2] = True


class Dict(dict):
    """A dictionary with attributes, as packages have them."""


@pytest.fixture
def original_class(monkeypatch) -> type:
    """A class of the published name, for writing only."""
    names = ("libs", "libs.sam", "libs.sam.custom_sam", "libs.sam.custom_sam.sam_auto")
    for name in names:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    original = type("SamAnns", (list,), {"__module__": names[-1]})
    sys.modules[names[-1]].SamAnns = original
    return original


def annotations() -> list[dict]:
    return [
        {
            "segmentation": {"size": [4, 5], "counts": uncompress_counts(code).tolist()},
            "segmentation_mode": "uncompressed_rle",
            "area": 6 - 2 * index,
            "bbox": [1.0, 1.0, 2.0, 1.0],
            "predicted_iou": 0.5 + index / 4,
            "stability_score": np.float32(0.75),
            "level": 2 - index,
        }
        for index, code in enumerate(encode_masks(MASKS))
    ]


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_published_pickles_are_read_as_regions(tmp_path: Path, original_class, protocol) -> None:
    anns = original_class(annotations())
    anns.data = Dict(image_id="a", nested=Dict(n=1))
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(anns, protocol))
    row = read_regions(tmp_path / "a.pkl", "a", (4, 5))
    np.testing.assert_array_equal(decode_masks(row.rles, row.size_hw), MASKS)
    assert row.level.tolist() == [2, 1]
    assert row.predicted_iou.tolist() == [0.5, 0.75]
    assert row.stability.tolist() == [0.75, 0.75]
    assert row.area.tolist() == [6, 4]


def test_plain_lists_and_images_without_masks_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(annotations()))
    assert len(read_sam_anns(tmp_path / "a.pkl")) == 2
    (tmp_path / "b.pkl").write_bytes(pickle.dumps([]))
    assert read_regions(tmp_path / "b.pkl", "b", (4, 5)).rles == ()


class Trap:
    """Unpickled by an ordinary reader this would make a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_could_run_a_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([Trap(tmp_path / "made")]))
    with pytest.raises(UnsafePickleError, match=r"a\.pkl: .*found (posix|nt|os)\.mkdir"):
        read_sam_anns(tmp_path / "a.pkl")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [pickle.dumps({"a": 1}), pickle.dumps([1, 2]), b"", b"\x80\x04]", b"no pickle"])
def test_other_contents_and_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(ForeignFileError, match=r"a\.pkl: expected"):
        read_sam_anns(tmp_path / "a.pkl")


def test_masks_of_another_image_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(annotations()))
    with pytest.raises(ValueError, match=r"mask 0: expected regions of 5 x 4 .* found 4 x 5"):
        read_regions(tmp_path / "a.pkl", "a", (5, 4))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.pkl: expected a pickled file"):
        read_sam_anns(tmp_path / "a.pkl")
