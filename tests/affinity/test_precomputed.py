from pathlib import Path

import numpy as np
import pytest
from foreign_stage import SIZE, imported

from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.psa_dicts import write_cam_dict, write_crf_dict
from wsss_core.stages.errors import StageError

LOW, HIGH = np.random.default_rng(0).random((2, 2, *SIZE), np.float32)


def write_pair(root: Path, low_labels: list[int], high_labels: list[int], **maps: np.ndarray) -> dict[str, object]:
    write_crf_dict(root / "la/a.npy", low_labels, maps.get("low", LOW))
    write_crf_dict(root / "ha/a.npy", high_labels, maps.get("high", HIGH))
    return {"low_folder": str(root / "la"), "high_folder": str(root / "ha")}


def test_both_dictionaries_of_psa_become_one_row(tmp_path: Path) -> None:
    [row] = imported(tmp_path, "affinity_labels", **write_pair(tmp_path, [0, 3], [0, 3]))
    assert isinstance(row, AffinityLabelRow)
    assert row.class_ids.tolist() == [0, 3]
    np.testing.assert_array_equal(row.low_KHW, LOW.astype(np.float16))
    np.testing.assert_array_equal(row.high_KHW, HIGH.astype(np.float16))


def test_classes_are_found_by_name_and_the_maps_follow(tmp_path: Path) -> None:
    maps = np.random.default_rng(1).random((3, *SIZE), np.float32)
    settings = write_pair(tmp_path, [0, 1, 3], [0, 1, 3], low=maps, high=maps)
    [row] = imported(tmp_path, "affinity_labels", classes=["cow", "dog", "cat"], **settings)
    assert isinstance(row, AffinityLabelRow)
    assert row.class_ids.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(row.low_KHW, maps[[0, 2, 1]].astype(np.float16))


@pytest.mark.parametrize(
    ("low", "high", "changes", "message"),
    [
        ([0, 1], [0, 2], {}, r"ha/a\.npy: expected the same classes as in .*la/a\.npy, \[0, 1\] .* found \[0, 2\]"),
        ([0, 4], [0, 4], {}, r"la/a\.npy: expected labels up to 3, .* found 4"),
        ([0, 1], [0, 1], {"low": LOW[:, ::2]}, r"la/a\.npy: expected maps of 6 x 5 pixels .* found 3 x 5"),
        ([0, 1], [0, 1], {"high": HIGH + 1}, r"ha/a\.npy: expected probabilities, found 1\.\d+ to"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, low: list[int], high: list[int], changes: dict[str, np.ndarray], message: str
) -> None:
    settings = write_pair(tmp_path, low, high, **changes)
    with pytest.raises(StageError, match=f"image 'a' .*{message}"):
        imported(tmp_path, "affinity_labels", **settings)


def test_a_class_that_the_data_has_not_is_an_error_because_its_pixels_would_pass_for_another(tmp_path: Path) -> None:
    settings = write_pair(tmp_path, [0, 1], [0, 1])
    with pytest.raises(StageError, match=r"la/a\.npy: expected classes of the data, found bird"):
        imported(tmp_path, "affinity_labels", classes=["bird", "cat", "dog", "cow"], **settings)


def test_cams_in_place_of_probabilities_are_refused(tmp_path: Path) -> None:
    settings = write_pair(tmp_path, [0, 1], [0, 1])
    write_cam_dict(tmp_path / "la/a.npy", [2], LOW[:1])
    with pytest.raises(StageError, match=r"la/a\.npy: expected the background under key 0"):
        imported(tmp_path, "affinity_labels", **settings)


def test_each_missing_file_is_named(tmp_path: Path) -> None:
    settings = write_pair(tmp_path, [0, 1], [0, 1])
    (tmp_path / "ha/a.npy").unlink()
    with pytest.raises(StageError, match=r"image 'a' .*expected its file at .*ha/a\.npy"):
        imported(tmp_path, "affinity_labels", **settings)


def test_labels_of_irn_are_read_from_pngs(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).choice(np.array([0, 3, 255], np.uint8), SIZE)
    (tmp_path / "a.png").write_bytes(encode_label_png(labels))
    [row] = imported(tmp_path, "affinity_labels", "precomputed_ir_label", folder=str(tmp_path))
    assert isinstance(row, IrLabelRow)
    np.testing.assert_array_equal(row.label_HW, labels)
