from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.rle import decode_masks
from wsss_core.checkpoints.sam_layout import load_sam
from wsss_core.networks.sam.sam import build_mobile_sam
from wsss_core.regions.mask_generator import MaskGenerator
from wsss_core.regions.sam import processor
from wsss_core.settings.regions import MobileSamSettings
from wsss_core.stages.context import StageContext

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "weights" / "mobile_sam.pt"
PHOTO = SHARED / "data" / "voc_mini" / "JPEGImages" / "2007_000063.jpg"
TRUTH = SHARED / "data" / "voc_mini" / "SegmentationClass" / "2007_000063.png"
DOG = 12


def context_of(weights: Path, **settings) -> StageContext:
    return regions_context(weights.parent, MobileSamSettings(weights=str(weights), **settings))


def test_missing_weights_say_what_to_fetch_and_where_to_put_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"at .*missing\.pt, found no such file") as error:
        processor(context_of(tmp_path / "missing.pt"))
    for fact in ("ChaoningZhang/MobileSAM", "setting `weights`", "6dbb90523a35"):
        assert fact in str(error.value)


def test_processor_makes_a_row_of_the_masks_of_the_file(tmp_path, monkeypatch):
    torch.manual_seed(0)
    torch.save(build_mobile_sam().state_dict(), tmp_path / "random.pt")
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    seen: list[np.ndarray] = []
    generate = MaskGenerator.__call__
    monkeypatch.setattr(MaskGenerator, "__call__", lambda self, image: seen.append(image) or generate(self, image))
    context = context_of(
        tmp_path / "random.pt", points_per_side=1, predicted_iou_threshold=0, stability_threshold=0, smallest_mask_px=0
    )
    row = processor(context)(ImageRecord("a", str(tmp_path / "a.png"), 20, 30, ("train",), 0), {})
    np.testing.assert_array_equal(seen[0], image)
    assert (row.image_id, row.size_hw) == ("a", (20, 30))
    assert decode_masks(row.rles, row.size_hw).sum() == row.area.sum()


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS.is_file() and PHOTO.is_file()), reason="the published weights are not at hand")
def test_published_weights_find_the_dog_on_the_chair():
    generate = MaskGenerator(load_sam("mobile_sam", WEIGHTS), MobileSamSettings(points_per_side=4))
    with Image.open(PHOTO) as photo, Image.open(TRUTH) as truth:
        image, label_HW = np.asarray(photo.convert("RGB")), np.asarray(truth)
    masks = decode_masks(generate(image).rles, label_HW.shape)
    dog, known = label_HW == DOG, label_HW != 255
    assert max((mask & dog).sum() / ((mask | dog) & known).sum() for mask in masks) > 0.9
