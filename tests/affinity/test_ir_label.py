"""Label maps from two thresholds and two CRFs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from training.tiny_data import write_tiny_data

from wsss_core.affinity.ir_label import ir_label, processor
from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.crf import crf_from_labels
from wsss_core.data.images import read_image
from wsss_core.settings.affinity_labels import IrCrfSettings, IrLabelSettings
from wsss_core.settings.base import SettingsError
from wsss_core.stages.context import StageContext

NO_CRF = IrLabelSettings.parse({"crf": {"iterations": 0}}, "labels")


def flat_image(width: int) -> np.ndarray:
    return np.full((4, width, 3), 90, np.uint8)


def columns(*scores: tuple[float, ...]) -> np.ndarray:
    """Scores (C, 4, W) from one tuple of C scores per column."""
    return np.repeat(np.array(scores, np.float32).T[:, None], 4, axis=1)


def test_without_smoothing_the_thresholds_decide_and_the_background_wins_ties() -> None:
    scores = columns((0.31, 0.0), (0.2, 0.9), (0.30, 0.1), (0.06, 0.0), (0.05, 0.05), (0.0, 0.0), (0.5, 0.5))
    label_HW = ir_label(flat_image(7), scores, [3, 17], NO_CRF)
    assert label_HW.dtype == np.uint8
    assert label_HW.tolist() == [[3, 17, 255, 255, 0, 0, 3]] * 4


def test_two_crfs_run_with_the_truth_probability_and_the_number_of_the_images_own_classes() -> None:
    rng = np.random.default_rng(0)
    image_HW3 = rng.integers(0, 256, (24, 31, 3), dtype=np.uint8)
    scores_CHW = rng.uniform(0, 0.5, (2, 24, 31)).astype(np.float32)
    chosen = IrLabelSettings(foreground_threshold=0.4, background_threshold=0.2, truth_probability=0.6)
    sure, weak = (
        crf_from_labels(
            image_HW3, np.concatenate([np.full((1, 24, 31), t), scores_CHW]).argmax(0), 3, 0.6, chosen.crf
        ).argmax(0)
        for t in (np.float32(0.4), np.float32(0.2))
    )
    expected = np.select([sure == 1, sure == 2, weak != 0], [5, 9, 255], 0)
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(ir_label(image_HW3, scores_CHW, [5, 9], chosen), expected)


def test_an_image_without_classes_is_all_background() -> None:
    assert ir_label(flat_image(6), np.zeros((0, 4, 6), np.float32), [], IrLabelSettings()).max() == 0


def test_a_background_of_their_own_turns_scores_into_shares() -> None:
    scores = columns((0.4, 0.6), (0.8, 0.2), (0.2, 0.005), (0.0, 0.0))
    assert ir_label(flat_image(4), scores, [0, 7], NO_CRF)[0].tolist() == [7, 255, 0, 0]


@examples(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.5), st.floats(0.02, 0.4), st.integers(0, 99))
def test_a_higher_foreground_threshold_only_turns_foreground_into_undecided(low: float, more: float, seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(0, 1, (2, 4, 9)).astype(np.float32)
    loose, strict = (
        ir_label(
            flat_image(9),
            scores,
            [1, 2],
            NO_CRF.model_copy(update={"foreground_threshold": threshold, "background_threshold": 0.01}),
        )
        for threshold in (low, low + more)
    )
    changed = loose != strict
    assert (strict[changed] == 255).all()
    assert np.isin(loose[changed], [1, 2]).all()


def test_one_row_per_image_from_its_cams(tmp_path) -> None:
    record = write_tiny_data(tmp_path).records[0]
    size_hw = (record.height, record.width)
    grid = np.zeros((1, *size_hw), np.float32)
    grid[0, 6:24, 8:26] = 1
    cams = CamRow(record.image_id, size_hw, np.array([1], np.int32), (grid,), size_hw, normalise=True)
    context = StageContext("e", "s", "affinity_labels", "ir_label", IrLabelSettings(), {}, tmp_path, ("train",))
    row = processor(context)(record, {"cams": cams})
    assert isinstance(row, IrLabelRow)
    np.testing.assert_array_equal(
        row.label_HW, ir_label(read_image(record.file), cams.scores(), [1], IrLabelSettings())
    )
    assert set(np.unique(row.label_HW)) == {0, 1}


def test_published_settings_are_the_default_also_where_the_crf_is_given_in_part() -> None:
    published = IrLabelSettings()
    assert (published.foreground_threshold, published.background_threshold) == (0.30, 0.05)
    assert published.truth_probability == 0.7
    assert published.crf == IrCrfSettings(
        iterations=10, gaussian_sxy=3, gaussian_compat=3, bilateral_sxy=50, bilateral_srgb=5, bilateral_compat=10
    )
    assert IrLabelSettings.parse({"crf": {"iterations": 3}}, "labels").crf.bilateral_srgb == 5


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"background_threshold \(0.3\) must be below foreground_threshold \(0.3\)"):
        IrLabelSettings.parse({"background_threshold": 0.3}, "labels")
