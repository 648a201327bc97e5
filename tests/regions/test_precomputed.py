import json

import numpy as np
import pytest
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.rle import decode_masks, encode_masks, uncompress_counts
from wsss_core.exchange.file_names import file_name
from wsss_core.regions.partition import label_map
from wsss_core.regions.precomputed import RegionFileError, processor, read_label_map, read_regions
from wsss_core.settings.regions import PrecomputedRegionsSettings
from wsss_core.stages.context import StageContext

SIZE = (3, 4)
LABELS = np.array([[0, 0, 1, 1], [2, 2, 1, 1], [2, 2, 2, 0]], np.uint8)
MASKS = np.stack([LABELS == 1, LABELS > 0])


def sam_masks(plain: bool) -> list[dict]:
    """Masks as Segment Anything writes them: run lengths as text or as a plain list."""
    return [
        {
            "segmentation": {"size": list(SIZE), "counts": uncompress_counts(c).tolist() if plain else c.decode()},
            "predicted_iou": 0.75 + index / 8,
            "stability_score": 0.5,
            "level": 2 - index,
            "area": 99,
        }
        for index, c in enumerate(encode_masks(MASKS))
    ]


def context_of(folder, **settings) -> StageContext:
    return regions_context(folder, PrecomputedRegionsSettings(folder=str(folder), **settings))


def palette_image(labels: np.ndarray) -> Image.Image:
    image = Image.fromarray(labels, mode=None).convert("P")
    image.putdata(labels.ravel().tolist())
    image.putpalette([200, 10, 10, 0, 255, 0, 7, 7, 7])
    return image


@pytest.mark.parametrize("scale", [1, 1000])
def test_label_maps_of_8_and_16_bits_are_read_by_value(tmp_path, scale):
    stored = LABELS if scale == 1 else LABELS.astype(np.uint16) * np.uint16(scale)
    Image.fromarray(stored).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), LABELS.astype(np.int32) * scale)
    row = read_regions(tmp_path / "a.png", "a", SIZE)
    np.testing.assert_array_equal(label_map(row), LABELS.astype(int) + 1)
    assert row.area.tolist() == [3, 4, 5]


def test_colours_of_a_palette_do_not_count(tmp_path):
    palette_image(LABELS).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), LABELS)


def test_void_pixels_of_a_label_map_are_in_no_region(tmp_path):
    Image.fromarray(LABELS).save(tmp_path / "a.png")
    row = read_regions(tmp_path / "a.png", "a", SIZE, void_label=0)
    np.testing.assert_array_equal(label_map(row), LABELS)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_masks_are_read_from_both_codes_with_their_scores(tmp_path, plain, wrapped):
    masks = sam_masks(plain)
    (tmp_path / "a.json").write_text(json.dumps({"image": {}, "annotations": masks} if wrapped else masks))
    row = read_regions(tmp_path / "a.json", "a", SIZE)
    np.testing.assert_array_equal(decode_masks(row.rles, row.size_hw), MASKS)
    assert row.area.tolist() == MASKS.sum(axis=(1, 2)).tolist()
    assert row.level.tolist() == [2, 1]
    assert row.predicted_iou.tolist() == [0.75, 0.875]
    assert row.stability.tolist() == [0.5, 0.5]


def test_masks_without_scores_get_ones_and_level_zero(tmp_path):
    masks = [{"segmentation": mask["segmentation"]} for mask in sam_masks(False)]
    (tmp_path / "a.json").write_text(json.dumps(masks))
    row = read_regions(tmp_path / "a.json", "a", SIZE)
    assert (row.level.tolist(), row.predicted_iou.tolist(), row.stability.tolist()) == ([0, 0], [1, 1], [1, 1])


def test_an_image_may_have_no_masks(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    row = read_regions(tmp_path / "a.json", "a", SIZE)
    assert (row.rles, row.size_hw, row.area.shape) == ((), SIZE, (0,))


def damaged(change) -> str:
    masks = sam_masks(True)
    change(masks[1]["segmentation"])
    return json.dumps(masks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "expected JSON, found a damaged file"),
        ('{"masks": []}', "expected a list of masks or an object with `annotations`"),
        ("[1, 2]", "expected a list of masks or an object with `annotations`"),
        ('[{"segmentation": [[1.5, 2, 3, 4, 5, 6]]}]', r"mask 0: expected `segmentation` as .* polygons"),
        (damaged(lambda code: code.update(counts=[5, 5])), r"mask 1: expected run lengths .* 3 x 4 = 12"),
        (damaged(lambda code: code.update(counts="\u20ac")), "mask 1: .*expected characters .* found other bytes"),
        (damaged(lambda code: code.update(counts="37")), "mask 1: expected a run-length code of 3 x 4"),
        (damaged(lambda code: code.update(size=[4, 3])), r"mask 1: expected regions of 3 x 4 .* found 4 x 3"),
    ],
)
def test_unusable_mask_files_are_refused_with_the_file_and_the_mask(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RegionFileError, match=rf"a\.json.*{message}"):
        read_regions(tmp_path / "a.json", "a", SIZE)


def test_unusable_label_maps_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(RegionFileError, match=r"a\.png: expected a label map as PNG, found a damaged file"):
        read_regions(tmp_path / "a.png", "a", SIZE)
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(RegionFileError, match=r"b\.png: .* found mode RGB"):
        read_regions(tmp_path / "b.png", "b", SIZE)
    Image.fromarray(LABELS.T.copy()).save(tmp_path / "c.png")
    with pytest.raises(RegionFileError, match=r"c\.png: expected regions of 3 x 4 pixels .* found 4 x 3"):
        read_regions(tmp_path / "c.png", "c", SIZE)


def test_processor_finds_files_of_awkward_ids_and_says_when_the_folder_is_missing(tmp_path):
    image_id = "a/b: ü"
    Image.fromarray(LABELS).save(tmp_path / file_name(image_id, ".png"))
    record = ImageRecord(image_id, "photo.jpg", *SIZE, ("train",), 0)
    row = processor(context_of(tmp_path, void_label=2))(record, {})
    assert (row.image_id, row.area.tolist()) == (image_id, [3, 4])
    with pytest.raises(FileNotFoundError, match=r"image 'x': expected its file at .*x\.png or .*x\.json"):
        processor(context_of(tmp_path))(ImageRecord("x", "photo.jpg", *SIZE, ("train",), 0), {})
    with pytest.raises(FileNotFoundError, match=r"setting `folder`: .*nowhere"):
        processor(context_of(tmp_path / "nowhere"))
