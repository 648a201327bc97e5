import numpy as np
import pytest
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.regions.felzenszwalb import felzenszwalb_labels, processor
from wsss_core.regions.partition import label_map, partition_row
from wsss_core.settings.regions import FelzenszwalbSettings


def two_halves() -> np.ndarray:
    image = np.zeros((30, 40, 3), np.uint8)
    image[:, 20:] = 255
    return image


def test_two_plain_halves_are_two_regions():
    labels = felzenszwalb_labels(two_halves(), FelzenszwalbSettings(sigma_px=0))
    assert len(np.unique(labels)) == 2
    np.testing.assert_array_equal(labels[:, 20:] == labels[0, -1], True)
    np.testing.assert_array_equal(labels[:, :20] == labels[0, 0], True)


def test_larger_scale_and_size_make_fewer_regions():
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    counts = [
        felzenszwalb_labels(image, FelzenszwalbSettings(scale=scale, min_size_px=size)).max()
        for scale, size in ((10, 5), (10, 50), (1000, 50))
    ]
    assert counts[0] > counts[1] >= counts[2]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (7, 2, 3)])
def test_tiny_images_are_partitioned_too(shape):
    labels = felzenszwalb_labels(np.zeros(shape, np.uint8), FelzenszwalbSettings())
    assert labels.shape == shape[:2]


def test_processor_writes_the_partition_of_the_file(tmp_path):
    Image.fromarray(two_halves()).save(tmp_path / "a.png")
    settings = FelzenszwalbSettings(scale=50)
    row = processor(regions_context(tmp_path, settings))(
        ImageRecord("a", str(tmp_path / "a.png"), 30, 40, ("train",), 0), {}
    )
    expected = partition_row("a", felzenszwalb_labels(two_halves(), settings))
    assert (row.image_id, row.size_hw, row.rles) == ("a", (30, 40), expected.rles)
    assert (label_map(row) > 0).all()
