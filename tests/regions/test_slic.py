import numpy as np
import pytest
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.regions.partition import partition_row
from wsss_core.regions.slic import processor, slic_labels
from wsss_core.settings.regions import SlicSettings

IMAGE = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)


def test_number_of_superpixels_is_about_the_wanted_one():
    labels = slic_labels(IMAGE, SlicSettings(n_regions=24, compactness=100))
    assert 12 <= len(np.unique(labels)) <= 36
    assert labels.min() == 0
    assert labels.shape == (40, 60)


def test_compact_superpixels_of_a_plain_image_tile_it():
    labels = slic_labels(np.full((40, 40, 3), 90, np.uint8), SlicSettings(n_regions=16))
    areas = np.bincount(labels.ravel())
    assert len(areas) == 16
    assert areas.max() <= 2 * areas.min()


def test_superpixels_respect_a_strong_edge():
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 17:] = 255
    labels = slic_labels(image, SlicSettings(n_regions=16, sigma_px=0))
    assert not set(np.unique(labels[:, :17])) & set(np.unique(labels[:, 17:]))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (7, 2, 3)])
def test_tiny_images_are_partitioned_too(shape):
    assert slic_labels(np.zeros(shape, np.uint8), SlicSettings()).shape == shape[:2]


def test_processor_writes_the_partition_of_the_file(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    settings = SlicSettings(n_regions=10)
    row = processor(regions_context(tmp_path, settings))(
        ImageRecord("a", str(tmp_path / "a.png"), 40, 60, ("train",), 0), {}
    )
    assert row.rles == partition_row("a", slic_labels(IMAGE, settings)).rles
    assert row.area.sum() == 40 * 60
