"""What `wsss export` writes comes back through the stages `precomputed`: the same scores, the same labels."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fake_experiment import CLASSES, FakeExperiment
from foreign_stage import context_of

from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.cli import main
from wsss_core.stages.part_files import part_path
from wsss_core.stages.per_image import rows_of, run_part

FLOAT16_ERROR = 1e-3
"""Of the maximum of a map: half precision has 11 bits."""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> FakeExperiment:
    return FakeExperiment(tmp_path_factory.mktemp("blobs"), train=3, val=2, size_hw=(46, 61))


def export(experiment: FakeExperiment, stage: str, form: str, out: Path) -> Result:
    result = CliRunner().invoke(main, ["export", str(experiment.folder(stage)), "--format", form, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return result


def exported(experiment: FakeExperiment, stage: str) -> list[Row]:
    return list(rows_of(experiment.folder(stage), stage))


def imported(
    experiment: FakeExperiment, root: Path, kind: str, method: str = "precomputed", **settings: object
) -> list[Row]:
    """The rows that a stage on the same data makes of exported files."""
    context = context_of(root, kind, method, experiment.folder("data"), **settings)
    run_part(context, 0, part_path(context.folder, 0))
    return list(rows_of(context.folder, kind))


def scores(rows: list[Row]) -> dict[str, tuple[list[int], np.ndarray]]:
    return {row.image_id: (row.class_ids.tolist(), row.scores()) for row in rows if isinstance(row, CamRow)}


@pytest.mark.parametrize("kind", ["cams", "refined_cams"])
@pytest.mark.parametrize("form", ["psa-npy", "irn-npy"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0), ("float16", FLOAT16_ERROR)])
def test_cams_come_back_as_the_same_scores(
    experiment: FakeExperiment, tmp_path: Path, kind: str, form: str, dtype: str, tolerance: float
) -> None:
    export(experiment, kind, form, tmp_path / "out")
    before = scores(exported(experiment, kind))
    after = scores(imported(experiment, tmp_path, kind, folder=str(tmp_path / "out"), dtype=dtype))
    assert set(after) == {image_id for image_id in before if "train" in experiment.splits[image_id]}
    for image_id, (class_ids, scores_KHW) in after.items():
        assert class_ids == before[image_id][0]
        np.testing.assert_allclose(scores_KHW, before[image_id][1], rtol=0, atol=tolerance)
    assert any(class_ids for class_ids, _ in after.values())


def test_the_maps_at_stride_4_come_back_as_a_walk_takes_them(experiment: FakeExperiment, tmp_path: Path) -> None:
    export(experiment, "cams", "irn-npy", tmp_path / "out")
    settings = {"folder": str(tmp_path / "out"), "form": "irn_strided", "dtype": "float32"}
    before = {row.image_id: row.scores_on((12, 16)) for row in exported(experiment, "cams") if isinstance(row, CamRow)}
    for row in imported(experiment, tmp_path, "cams", **settings):
        assert isinstance(row, CamRow)
        np.testing.assert_array_equal(row.scores_on((12, 16)), before[row.image_id])


@pytest.mark.parametrize("kind", ["seeds", "predictions"])
def test_label_maps_come_back_pixel_by_pixel(experiment: FakeExperiment, tmp_path: Path, kind: str) -> None:
    export(experiment, kind, "voc-png", tmp_path / "out")
    before = {row.image_id: row.label_HW for row in exported(experiment, kind)}  # type: ignore[union-attr]
    after = imported(experiment, tmp_path, kind, folder=str(tmp_path / "out"))
    assert len(after) == 3
    for row in after:
        np.testing.assert_array_equal(row.label_HW, before[row.image_id])  # type: ignore[union-attr]


def pair(image_id: str, size_hw: tuple[int, int], seed: int) -> AffinityLabelRow:
    low, high = np.random.default_rng(seed).random((2, 3, *size_hw)).astype(np.float16)
    return AffinityLabelRow(image_id, np.array([0, 2, len(CLASSES) - 1], np.int32), low, high)


def test_affinity_labels_of_psa_come_back_bit_by_bit(experiment: FakeExperiment, tmp_path: Path) -> None:
    before = [pair(image_id, (46, 61), seed) for seed, image_id in enumerate(experiment.ids)]
    experiment.write_rows("affinity_labels", before)
    export(experiment, "affinity_labels", "psa-crf-npy", tmp_path / "out")
    folders = {"low_folder": str(tmp_path / "out/la"), "high_folder": str(tmp_path / "out/ha")}
    after = imported(experiment, tmp_path, "affinity_labels", **folders)
    assert len(after) == 3
    for row, expected in zip(after, before, strict=False):
        assert isinstance(row, AffinityLabelRow)
        assert (row.image_id, row.class_ids.tolist()) == (expected.image_id, expected.class_ids.tolist())
        assert row.low_KHW.tobytes() == expected.low_KHW.tobytes()
        assert row.high_KHW.tobytes() == expected.high_KHW.tobytes()


def test_affinity_labels_of_irn_come_back_pixel_by_pixel(experiment: FakeExperiment, tmp_path: Path) -> None:
    before = [IrLabelRow(row.image_id, row.label_HW) for row in exported(experiment, "seeds")]  # type: ignore[union-attr]
    experiment.write_rows("affinity_labels", before)
    export(experiment, "affinity_labels", "voc-png", tmp_path / "out")
    after = imported(experiment, tmp_path, "affinity_labels", "precomputed_ir_label", folder=str(tmp_path / "out"))
    for row, expected in zip(after, before, strict=False):
        assert isinstance(row, IrLabelRow)
        np.testing.assert_array_equal(row.label_HW, expected.label_HW)


def test_a_background_comes_back_where_the_format_has_one(experiment: FakeExperiment, tmp_path: Path) -> None:
    maps = np.random.default_rng(0).random((2, 6, 8)).astype(np.float32)
    rows = [
        CamRow(image_id, (46, 61), np.array([0, 4], np.int32), (maps,), (48, 64), normalise=False)
        for image_id in experiment.ids
    ]
    kept = exported(experiment, "refined_cams")
    experiment.write_rows("refined_cams", rows)
    try:
        export(experiment, "refined_cams", "psa-crf-npy", tmp_path / "with")
        note = export(experiment, "refined_cams", "psa-npy", tmp_path / "without").stderr
        before = scores(exported(experiment, "refined_cams"))
    finally:
        experiment.write_rows("refined_cams", kept)
    assert "the background channel of 5 images is left out" in note
    settings = {"folder": str(tmp_path / "with"), "form": "psa_crf", "dtype": "float32"}
    for row in imported(experiment, tmp_path, "refined_cams", **settings):
        assert isinstance(row, CamRow)
        assert row.class_ids.tolist() == [0, 4]
        np.testing.assert_array_equal(row.scores(), before[row.image_id][1])
    without = imported(experiment, tmp_path / "b", "refined_cams", folder=str(tmp_path / "without"))
    assert [row.class_ids.tolist() for row in without] == [[4]] * 3  # type: ignore[union-attr]
