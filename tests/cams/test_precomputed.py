from pathlib import Path

import numpy as np
import pytest
from foreign_stage import CLASSES, SIZE, context_of, imported, write_manifest

from wsss_core.artifacts.cams import NORMALISATION_EPSILON, CamRow
from wsss_core.cams.precomputed import processor, read_cams
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.irn_dicts import strided_hw, write_irn_dict
from wsss_core.exchange.psa_dicts import write_cam_dict, write_crf_dict
from wsss_core.settings.base import SettingsError
from wsss_core.stages.errors import StageError

MAPS = np.random.default_rng(0).random((2, *SIZE), np.float32)
STRIDED = np.random.default_rng(1).random((2, *strided_hw(SIZE)), np.float32)
ORDER = ClassOrder.of((), CLASSES)
FLOAT16_ERROR = 1e-3


def cam_row(root: Path, kind: str = "cams", **settings: object) -> CamRow:
    [row] = imported(root, kind, folder=str(root), **settings)
    assert isinstance(row, CamRow)
    return row


@pytest.mark.parametrize("kind", ["cams", "refined_cams"])
def test_cams_of_psa_are_the_scores_bit_by_bit_in_float32(tmp_path: Path, kind: str) -> None:
    write_cam_dict(tmp_path / "a.npy", [1, 3], MAPS)
    row = cam_row(tmp_path, kind, dtype="float32")
    assert row.class_ids.tolist() == [1, 3]
    assert (row.size_hw, row.canvas_hw, row.normalise) == (SIZE, SIZE, False)
    assert row.scores().tobytes() == MAPS.tobytes()


def test_float16_keeps_them_to_a_thousandth(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [1, 3], MAPS)
    np.testing.assert_allclose(cam_row(tmp_path).scores(), MAPS, atol=FLOAT16_ERROR)


def test_both_maps_of_irn_can_be_taken(tmp_path: Path) -> None:
    write_irn_dict(tmp_path / "a.npy", [2, 3], STRIDED, MAPS)
    np.testing.assert_array_equal(cam_row(tmp_path, dtype="float32").scores(), MAPS)
    strided = cam_row(tmp_path, form="irn_strided", dtype="float32")
    assert (strided.size_hw, strided.canvas_hw) == (SIZE, SIZE)
    np.testing.assert_array_equal(strided.maps[0], STRIDED)
    assert strided.scores().shape == (2, *SIZE)


def test_a_background_of_its_own_comes_along(tmp_path: Path) -> None:
    write_crf_dict(tmp_path / "a.npy", [0, 2], MAPS)
    row = cam_row(tmp_path, "refined_cams", form="psa_crf", dtype="float32")
    assert row.class_ids.tolist() == [0, 2]
    np.testing.assert_array_equal(row.scores(), MAPS)


def test_raw_maps_of_a_grid_are_normalised_by_class_where_asked(tmp_path: Path) -> None:
    raw = np.array([[[4.0, -1.0], [2.0, 0.0]]], np.float32)
    np.savez(tmp_path / "a.npz", cam=raw, fg_cls=np.array([1]))
    with pytest.raises(StageError, match=r"a\.npz: expected scores in \[0, 1\], found -1 to 4\. .*normalise: true"):
        cam_row(tmp_path, file_name="{id}.npz")
    row = cam_row(tmp_path, file_name="{id}.npz", normalise=True, dtype="float32")
    assert row.class_ids.tolist() == [2]
    assert row.scores().max() == pytest.approx(4 / (4 + NORMALISATION_EPSILON))


def test_classes_are_found_by_name_and_those_of_other_data_left_out(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [1, 2], MAPS)
    row = cam_row(tmp_path, classes=["bird", "dog", "cat", "cow"], dtype="float32")
    assert row.class_ids.tolist() == [2]
    np.testing.assert_array_equal(row.scores(), MAPS[1:])


def test_an_image_without_classes_has_no_maps(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [], MAPS[:0])
    row = cam_row(tmp_path)
    assert (row.class_ids.tolist(), row.scores().shape) == ([], (0, *SIZE))
    write_cam_dict(tmp_path / "a.npy", [1], MAPS[:1])
    assert cam_row(tmp_path, classes=["bird", "dog", "cat", "cow"]).scores().shape == (0, *SIZE)


@pytest.mark.parametrize("change", [lambda maps: maps.transpose(0, 2, 1), lambda maps: maps[:, ::2, ::2]])
def test_maps_of_another_size_are_refused_with_image_and_file(tmp_path: Path, change) -> None:
    write_cam_dict(tmp_path / "a.npy", [1, 3], change(MAPS))
    with pytest.raises(StageError, match=r"image 'a' .*a\.npy: expected maps of 6 x 5 pixels .*, found"):
        cam_row(tmp_path)


def test_a_class_id_out_of_range_is_named(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [1, 4], MAPS)
    with pytest.raises(StageError, match=r"image 'a' .*a\.npy: expected labels up to 3, .* found 4 \(class id 3\)"):
        cam_row(tmp_path)


def test_a_missing_file_is_named_with_the_image(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"image 'a' .*expected its file at .*a_cam\.npy, found none"):
        cam_row(tmp_path, file_name="{id}_cam.npy")


def test_wrong_folders_and_names_are_told_before_the_first_image(tmp_path: Path) -> None:
    data = write_manifest(tmp_path, "a")
    with pytest.raises(FileNotFoundError, match="setting `folder`"):
        processor(context_of(tmp_path, "cams", "precomputed", data, folder=str(tmp_path / "nowhere")))
    with pytest.raises(SettingsError, match="none called 'cow' among cat, dog"):
        processor(context_of(tmp_path, "cams", "precomputed", data, folder=str(tmp_path), classes=["cat", "dog"]))


def test_probabilities_a_little_above_one_are_taken(tmp_path: Path) -> None:
    write_cam_dict(tmp_path / "a.npy", [1], np.full((1, *SIZE), 1.0005))
    assert cam_row(tmp_path).scores().max() > 1
    write_cam_dict(tmp_path / "a.npy", [1], np.full((1, *SIZE), 1.01))
    with pytest.raises(StageError, match="expected scores in"):
        cam_row(tmp_path)


def test_a_file_of_the_wrong_form_is_refused(tmp_path: Path) -> None:
    write_irn_dict(tmp_path / "a.npy", [2, 3], STRIDED, MAPS)
    with pytest.raises(ForeignFileError, match="form psa"):
        read_cams(tmp_path / "a.npy", "a", SIZE, ORDER, "psa")
