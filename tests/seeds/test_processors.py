"""The seed processors hand the row's own data to their functions."""

from pathlib import Path

import numpy as np
from PIL import Image

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.seeds import argmax, crf, region_vote
from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.seeds import ArgmaxSettings, CrfSeedsSettings, RegionVoteSettings
from wsss_core.stages.context import StageContext

SIZE = (12, 16)


def context(settings: Settings) -> StageContext:
    return StageContext("e", "s", "seeds", "m", settings, {}, Path("unused"), ("train",))


def record(folder: Path) -> ImageRecord:
    file = folder / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)).save(file)
    return ImageRecord("a", str(file), *SIZE, splits=("train",), part=0, tags=(4,))


def cams() -> CamRow:
    grid = np.linspace(0, 1, 16, dtype=np.float32)[None, None].repeat(12, axis=1)
    return CamRow("a", SIZE, np.array([4], np.int32), (grid,), SIZE, normalise=False)


def test_argmax_processor(tmp_path: Path) -> None:
    row = argmax.processor(context(ArgmaxSettings(threshold=0.5)))(record(tmp_path), {"cams": cams()})
    assert isinstance(row, LabelRow)
    np.testing.assert_array_equal(row.label_HW == 4, cams().scores()[0] > 0.5)
    assert row.confidence_HW is None


def test_crf_processor(tmp_path: Path) -> None:
    settings = CrfSeedsSettings(threshold=0.5, crf=CrfSettings(iterations=0), confidence=True)
    row = crf.processor(context(settings))(record(tmp_path), {"cams": cams()})
    assert isinstance(row, LabelRow)
    np.testing.assert_array_equal(row.label_HW == 4, cams().scores()[0] > 0.5)
    assert row.confidence_HW is not None


def test_region_vote_processor_without_regions_follows_the_pixels(tmp_path: Path) -> None:
    none = np.zeros(0, np.float32)
    regions = RegionRow("a", SIZE, (), none.astype(np.int32), none.astype(np.int32), none, none)
    process = region_vote.processor(context(RegionVoteSettings(threshold=0.5)))
    row = process(record(tmp_path), {"cams": cams(), "regions": regions})
    assert isinstance(row, LabelRow)
    np.testing.assert_array_equal(row.label_HW == 4, cams().scores()[0] > 0.5)
