"""Saliency maps from files, of a folder or of the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.saliency.precomputed import processor, read_saliency
from wsss_core.settings.saliency import PrecomputedSaliencySettings

MAP_HW = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
RECORD = ImageRecord("a b", "x.jpg", 6, 8, ("train",), 0)


def process(folder: Path | None, record: ImageRecord = RECORD) -> np.ndarray:
    settings = PrecomputedSaliencySettings(folder=None if folder is None else str(folder))
    row = processor(regions_context(Path("s"), settings))(record, {})
    assert row.image_id == record.image_id
    found: np.ndarray = row.saliency_HW  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_maps_are_read_whatever_the_mode_of_the_file(tmp_path, mode):
    Image.fromarray(MAP_HW).convert(mode).save(tmp_path / "a b.png")
    np.testing.assert_array_equal(process(tmp_path), MAP_HW)


def test_a_coloured_map_counts_with_the_mean_of_its_channels(tmp_path):
    picture = np.stack([MAP_HW, MAP_HW, np.zeros_like(MAP_HW)], axis=2)
    Image.fromarray(picture).save(tmp_path / "c.png")
    np.testing.assert_array_equal(read_saliency(tmp_path / "c.png", (6, 8)), np.rint(MAP_HW.astype(float) * 2 / 3))


def test_a_map_of_another_size_is_refused_with_both_sizes(tmp_path):
    Image.fromarray(MAP_HW.T.copy()).save(tmp_path / "a b.png")
    with pytest.raises(ForeignFileError, match=r"expected a saliency map of 6 x 8 pixels .* found 8 x 6"):
        process(tmp_path)


def test_without_a_folder_the_data_names_the_file(tmp_path):
    Image.fromarray(MAP_HW).save(tmp_path / "named.png")
    np.testing.assert_array_equal(process(None, replace(RECORD, saliency=str(tmp_path / "named.png"))), MAP_HW)
    with pytest.raises(FileNotFoundError, match=r"'a b': the data names no saliency map.*`u2net`"):
        process(None)


def test_a_missing_file_or_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"image 'a b': expected its file at .*a b\.png"):
        process(tmp_path)
    with pytest.raises(FileNotFoundError, match="setting `folder`"):
        process(tmp_path / "none")
