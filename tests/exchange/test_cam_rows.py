from pathlib import Path

import numpy as np
import pytest
import torch

from wsss_core.artifacts.cams import NORMALISATION_EPSILON, CamRow
from wsss_core.exchange.cam_files import read_cam_file
from wsss_core.exchange.cam_rows import write_fma_cams, write_irn_cams, write_psa_cams, write_psa_cams_with_background
from wsss_core.exchange.irn_dicts import strided_hw

SIZE = (21, 30)


def cam_row(image_id: str, *class_ids: int, canvas_hw: tuple[int, int] = SIZE, normalise: bool = True) -> CamRow:
    random = np.random.default_rng(len(image_id))
    maps = tuple(random.random((len(class_ids), *grid_hw), np.float32) for grid_hw in ((3, 4), (2, 2)))
    return CamRow(image_id, SIZE, np.array(class_ids, np.int32), maps, canvas_hw, normalise)


ROWS = [cam_row("2007_000032", 2, 15), cam_row("a/b", 7), cam_row("none")]


def test_scores_at_image_size_are_written_for_psa(tmp_path: Path) -> None:
    paths = write_psa_cams(ROWS, tmp_path)
    assert [path.name for path in paths] == ["2007_000032.npy", "a%2Fb.npy", "none.npy"]
    for row, path in zip(ROWS, paths, strict=True):
        found, form = read_cam_file(path)
        assert form == "psa"
        assert found.labels.tolist() == row.class_ids.tolist()
        assert found.maps_Khw.tobytes() == row.scores().tobytes()


def test_both_sizes_are_written_for_irn(tmp_path: Path) -> None:
    paths = write_irn_cams(ROWS, tmp_path)
    for row, path in zip(ROWS, paths, strict=True):
        full, _ = read_cam_file(path, "irn")
        strided, _ = read_cam_file(path, "irn_strided")
        assert full.maps_Khw.tobytes() == row.scores().tobytes()
        assert strided.maps_Khw.tobytes() == row.scores_on(strided_hw(SIZE)).tobytes()


def test_the_maps_at_stride_4_are_the_networks_maps_resized_to_it(tmp_path: Path) -> None:
    """IRN: bilinear from the network's grid, whatever canvas the maps at image size were cropped from."""
    row = cam_row("a", 2, canvas_hw=(32, 32))
    [path] = write_irn_cams([row], tmp_path)
    expected = sum(
        torch.nn.functional.interpolate(
            torch.from_numpy(grid)[None], strided_hw(SIZE), mode="bilinear", align_corners=False
        )[0].numpy()
        for grid in row.maps
    )
    expected /= expected.max() + NORMALISATION_EPSILON
    np.testing.assert_allclose(read_cam_file(path, "irn_strided")[0].maps_Khw, expected, atol=1e-6)


def test_a_background_is_left_out_or_written_under_zero(tmp_path: Path) -> None:
    row = cam_row("a", 0, 3, 9, normalise=False)
    for write, form in ((write_psa_cams, "psa"), (write_irn_cams, "irn")):
        [path] = write([row], tmp_path / form)
        found, _ = read_cam_file(path, form)
        assert found.labels.tolist() == [3, 9]
        np.testing.assert_array_equal(found.maps_Khw, row.scores()[1:])
    [path] = write_psa_cams_with_background([row], tmp_path / "crf")
    found, _ = read_cam_file(path, "psa_crf")
    assert found.labels.tolist() == [0, 3, 9]
    np.testing.assert_array_equal(found.maps_Khw, row.scores())


def test_maps_on_a_padded_canvas_keep_their_place_at_stride_4(tmp_path: Path) -> None:
    """The right half of the canvas is outside the image: nothing of it may be squeezed in."""
    grid = np.zeros((2, 4, 8), np.float32)
    grid[:, :, 4:] = 1
    row = CamRow("a", (16, 16), np.array([0, 3], np.int32), (grid,), (16, 32), normalise=False)
    [path] = write_irn_cams([row], tmp_path)
    strided = read_cam_file(path, "irn_strided")[0].maps_Khw
    assert strided.shape == (1, 4, 4)
    assert strided.max() == 0


def test_rows_without_a_background_have_no_place_in_a_dictionary_with_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a background"):
        write_psa_cams_with_background([cam_row("a", 3)], tmp_path)


def test_maps_of_one_scale_are_written_for_fma_without_their_background(tmp_path: Path) -> None:
    maps = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    row = CamRow("a/b", SIZE, np.array([0, 7], np.int32), (maps,), SIZE, False)
    (path,) = write_fma_cams([row], tmp_path)
    assert path.name == "a%2Fb.npz"
    found, form = read_cam_file(path)
    assert form == "fma"
    assert found.labels.tolist() == [7]
    np.testing.assert_array_equal(found.maps_Khw, maps[1:])
