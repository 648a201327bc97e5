from pathlib import Path

import numpy as np
import pytest
from foreign_stage import SIZE, imported

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.data.labels import encode_label_png
from wsss_core.stages.errors import StageError

LABELS = np.random.default_rng(0).choice(np.array([0, 1, 2, 3, 255], np.uint8), SIZE)


def label_row(root: Path, kind: str, **settings: object) -> LabelRow:
    [row] = imported(root, kind, folder=str(root), **settings)
    assert isinstance(row, LabelRow)
    return row


@pytest.mark.parametrize("kind", ["seeds", "predictions"])
def test_label_pngs_become_rows_without_confidence(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(encode_label_png(LABELS))
    row = label_row(tmp_path, kind)
    np.testing.assert_array_equal(row.label_HW, LABELS)
    assert (row.image_id, row.confidence_HW) == ("a", None)


def test_labels_of_other_classes_become_ignore(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_label_png(LABELS))
    row = label_row(tmp_path, "seeds", classes=["cow", "horse", "dog", "cat"])
    expected = np.array([0, 3, 255, 2, *[255] * 252], np.uint8)[LABELS]
    np.testing.assert_array_equal(row.label_HW, expected)


@pytest.mark.parametrize("kind", ["seeds", "predictions"])
def test_faults_name_the_image_and_the_file(tmp_path: Path, kind: str) -> None:
    with pytest.raises(StageError, match=r"image 'a' .*expected its file at .*a\.png, found none"):
        label_row(tmp_path, kind)
    (tmp_path / "a.png").write_bytes(encode_label_png(LABELS + (LABELS == 3)))
    with pytest.raises(StageError, match=r"image 'a' .*a\.png: expected labels up to 3, .* found 4 \(class id 3\)"):
        label_row(tmp_path, kind)
    (tmp_path / "a.png").write_bytes(encode_label_png(LABELS.T.copy()))
    with pytest.raises(StageError, match=r"image 'a' .*a\.png: expected a label map of 6 x 5 .*, found 5 x 6"):
        label_row(tmp_path, kind)
