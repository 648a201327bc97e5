from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.labels import LabelError, encode_label_png
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.label_pngs import label_reader, read_label_map
from wsss_core.settings.precomputed import PrecomputedLabelsSettings

CLASSES = ("background", "cat", "dog")
LABELS = np.array([[0, 1, 2], [255, 2, 0]], np.uint8)


def test_palette_and_grey_pngs_are_read_by_value(tmp_path: Path) -> None:
    (tmp_path / "palette.png").write_bytes(encode_label_png(LABELS))
    Image.fromarray(LABELS).save(tmp_path / "grey.png")
    for name in ("palette.png", "grey.png"):
        found = read_label_map(tmp_path / name, (2, 3), ClassOrder.of((), CLASSES))
        np.testing.assert_array_equal(found, LABELS)


def test_size_and_labels_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_label_png(LABELS))
    with pytest.raises(ForeignFileError, match=r"a\.png: expected a label map of 3 x 2 .* found 2 x 3"):
        read_label_map(path, (3, 2), ClassOrder.of((), CLASSES))
    with pytest.raises(ForeignFileError, match=r"a\.png: expected labels up to 1, .* found 2 \(class id 1\)"):
        read_label_map(path, (2, 3), ClassOrder.of((), CLASSES[:2]))
    Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(path)
    with pytest.raises(LabelError, match=r"a\.png: .* found mode RGB"):
        read_label_map(path, (2, 3), ClassOrder.of((), CLASSES))


def test_a_reader_finds_the_files_by_image_id_and_names_by_the_settings(tmp_path: Path) -> None:
    (tmp_path / "a_mask.png").write_bytes(encode_label_png(LABELS))
    settings = PrecomputedLabelsSettings(folder=str(tmp_path), file_name="{id}_mask.png", classes=("dog", "cat"))
    read = label_reader(settings, CLASSES)
    found = read(ImageRecord("a", "a.jpg", 2, 3, ("train",), 0))
    assert found.tolist() == [[0, 2, 1], [255, 1, 0]]
    with pytest.raises(FileNotFoundError, match=r"image 'b': .*b_mask\.png"):
        read(ImageRecord("b", "b.jpg", 2, 3, ("train",), 0))
