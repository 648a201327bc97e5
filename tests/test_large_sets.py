"""Sets of more than 253 classes give what small ones give, under other numbers: one law for all that handles labels.

The small set has the classes 1, 2, 3, the large one 300 classes, of which three stand in for them. 254 and 255 mean the
same in both.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from training.spml_stages import write_rows
from training.tiny_data import MANY_CLASSES, MANY_LABELS, write_tiny_data

from wsss_core.artifacts.label_maps import LabelRow, decode, encode, unlabelled_ignored
from wsss_core.artifacts.manifest import Box, Point
from wsss_core.artifacts.regions import RegionRow
from wsss_core.cams.foreground import best_foreground
from wsss_core.data.augment import resize_labels
from wsss_core.data.drawing import drawn_points, drawn_scribbles, widened
from wsss_core.data.faults import DataError
from wsss_core.data.instance_truth import instance_truth
from wsss_core.data.mirrored_classes import mirror_table
from wsss_core.data.uniform_crop import resize_nearest
from wsss_core.data.voc_files import label_id
from wsss_core.evaluation.achievable import achievable_label
from wsss_core.evaluation.boundary_iou import boundary_counts
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.instance_ap import mask_iou
from wsss_core.evaluation.instance_weighted_iou import InstanceWeightedIou, instance_counts
from wsss_core.evaluation.threshold_curve import threshold_counts
from wsss_core.label_ids import RESERVED, as_labels, class_places
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.seeds.from_boxes import box_seed, centre_evidence
from wsss_core.seeds.from_points import point_map
from wsss_core.seeds.label_embedding_walk import spread_labels
from wsss_core.segmenters.mask2former_crop import is_varied, padded
from wsss_core.segmenters.mask2former_loss import class_masks
from wsss_core.segmenters.segment_sample import SegmentSamples
from wsss_core.segments.present import present_classes
from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.settings.spml import LabelEmbeddingWalkSettings, PixelToSegmentSettings
from wsss_core.training.label_source import RowSource
from wsss_core.training.labelled_crop import check_labels, label_tensor, labelled_crop
from wsss_core.training.losses import masked_cross_entropy

SMALL, LARGE = 4, 303
NUMBERS = {0: 0, 1: 7, 2: 256, 3: 302, 254: 254, 255: 255}
"""Label ids of the small set and those of the large one, in the same order."""
TABLE = np.zeros(256, np.int64)
TABLE[list(NUMBERS)] = list(NUMBERS.values())
CLASSES = TABLE[:SMALL]
LABELS = hnp.arrays(np.uint8, (6, 8), elements=st.sampled_from([0, 1, 2, 3, 255]))
WITH_UNLABELLED = hnp.arrays(np.uint8, (6, 8), elements=st.sampled_from(list(NUMBERS)))
SCORES = hnp.arrays(np.float32, (3, 6, 8), elements=st.floats(0, 1, width=16))


def large(label_HW: np.ndarray) -> np.ndarray:
    """The same map in the numbers of the large set."""
    return as_labels(TABLE[label_HW])


@settings(max_examples=30, deadline=None)
@given(WITH_UNLABELLED)
def test_stored_resized_and_drawn_maps(label_HW: np.ndarray) -> None:
    maps: list[Callable[[np.ndarray], np.ndarray]] = [
        lambda found: decode(encode(LabelRow("a", found))).label_HW,
        unlabelled_ignored,
        lambda found: resize_labels(found, 9, 5),
        lambda found: resize_nearest(found, (9, 5)),
        lambda found: padded(np.zeros((6, 8, 3), np.uint8), found, 10).label_HW,
        lambda found: (
            labelled_crop(np.zeros((6, 8, 3), np.uint8), found, (0.5, 2.0), 7, True, np.random.default_rng(0)).label_HW
        ),
    ]
    for change in maps:
        np.testing.assert_array_equal(change(large(label_HW)), large(change(label_HW)))


@settings(max_examples=30, deadline=None)
@given(LABELS)
def test_drawn_strokes_and_points(label_HW: np.ndarray) -> None:
    for draw in (drawn_scribbles, drawn_points):
        np.testing.assert_array_equal(draw(large(label_HW)), large(draw(label_HW)))
        strokes_HW = draw(label_HW)
        np.testing.assert_array_equal(widened(large(strokes_HW), 3), large(widened(strokes_HW, 3)))


@settings(max_examples=30, deadline=None)
@given(SCORES, LABELS)
def test_seeds_from_scores_and_their_curves(scores_KHW: np.ndarray, truth_HW: np.ndarray) -> None:
    few, many = np.arange(1, SMALL), CLASSES[1:]
    label_HW, value_HW = best_foreground(scores_KHW, few)
    label_of_many, value_of_many = best_foreground(scores_KHW, many)
    np.testing.assert_array_equal(label_of_many, large(label_HW))
    np.testing.assert_array_equal(value_of_many, value_HW)
    rule = ArgmaxSettings(threshold=0.3, ignore_below=0.2, ignore_weak=0.1, unlabelled_below=0.4)
    np.testing.assert_array_equal(argmax_seed(scores_KHW, many, rule)[0], large(argmax_seed(scores_KHW, few, rule)[0]))
    counts = threshold_counts(scores_KHW, few, truth_HW, [0.2, 0.6], SMALL)
    counts_of_many = threshold_counts(scores_KHW, many, large(truth_HW), [0.2, 0.6], LARGE)
    np.testing.assert_array_equal(counts_of_many[:, CLASSES[:, None], CLASSES], counts)
    assert counts_of_many.sum() == counts.sum()


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS, hnp.arrays(np.uint8, (6, 8), elements=st.integers(0, 3)))
def test_evaluation(truth_HW: np.ndarray, prediction_HW: np.ndarray, object_HW: np.ndarray) -> None:
    pair, pair_of_many = (truth_HW, prediction_HW), (large(truth_HW), large(prediction_HW))
    counts, counts_of_many = confusion_counts(*pair, SMALL), confusion_counts(*pair_of_many, LARGE)
    np.testing.assert_array_equal(counts_of_many[CLASSES][:, [*CLASSES, LARGE]], counts)
    assert counts_of_many.sum() == counts.sum()
    bands, bands_of_many = boundary_counts(*pair, SMALL), boundary_counts(*pair_of_many, LARGE)
    np.testing.assert_array_equal(bands_of_many[CLASSES], bands)
    assert bands_of_many.sum() == bands.sum()
    instances = instance_counts(truth_HW, object_HW, SMALL)
    np.testing.assert_array_equal(instance_counts(pair_of_many[0], object_HW, LARGE)[CLASSES], instances)
    masks = [object_HW == number for number in (1, 2)]
    best_HW = achievable_label(truth_HW, masks, SMALL)
    np.testing.assert_array_equal(achievable_label(pair_of_many[0], masks, LARGE), large(best_HW))


def test_the_mean_by_instance_is_over_real_classes_only() -> None:
    sums = InstanceWeightedIou(LARGE)
    truth_HW = np.full((2, 2), 302, np.uint16)
    sums.add(truth_HW, truth_HW, np.ones((2, 2), np.uint8))
    assert sums.mean() == pytest.approx(1 / 301)


def test_boxes_and_points() -> None:
    boxes = [(0.0, 0.0, 6.0, 4.0, 2), (3.0, 2.0, 8.0, 6.0, 3)]
    few, many = ([Box(*corners, label=int(of[label])) for *corners, label in boxes] for of in (np.arange(256), TABLE))
    found = [box_seed((6, 8), given_boxes, centre_evidence(0.6), 1.0) for given_boxes in (few, many)]
    np.testing.assert_array_equal(found[1], large(found[0]))
    points = [[Point(2.0, 1.0, int(of[1])), Point(5.0, 4.0, int(of[3]))] for of in (np.arange(256), TABLE)]
    np.testing.assert_array_equal(point_map((6, 8), points[1]), large(point_map((6, 8), points[0])))


def test_true_objects_have_the_class_of_most_of_their_pixels() -> None:
    label_HW = np.array([[0, 302, 302, 255], [256, 256, 254, 302]], np.uint16)
    object_HW = np.array([[0, 300, 300, 255], [2, 2, 300, 300]], np.uint16)
    truth = instance_truth(object_HW, label_HW, "a.png")
    assert dict(zip(truth.numbers.tolist(), truth.class_ids.tolist(), strict=True)) == {2: 256, 300: 302}


@settings(max_examples=30, deadline=None)
@given(WITH_UNLABELLED, st.integers(0, 99))
def test_losses_and_samples(label_HW: np.ndarray, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores_BKHW = torch.randn(1, SMALL, 6, 8, generator=generator)
    scores_of_many = torch.full((1, LARGE, 6, 8), -torch.inf)
    scores_of_many[:, CLASSES] = scores_BKHW
    few, many = label_tensor(label_HW, SMALL)[None], label_tensor(large(label_HW), LARGE)[None]
    assert (few.dtype, many.dtype) == (torch.uint8, torch.int32)
    loss = masked_cross_entropy(scores_BKHW, few)
    torch.testing.assert_close(masked_cross_entropy(scores_of_many, many), loss)
    assert present_classes(large(label_HW), LARGE) == TABLE[present_classes(label_HW, SMALL)].tolist()
    assert is_varied(large(label_HW), 0.9) == is_varied(label_HW, 0.9)
    ids, masks = class_masks(few[0].where(few[0] != 254, 255))
    ids_of_many, masks_of_many = class_masks(many[0].where(many[0] != 254, 255))
    assert ids_of_many.tolist() == TABLE[ids.numpy()].tolist()
    assert torch.equal(masks_of_many, masks)
    if 254 in label_HW:
        with pytest.raises(ValueError, match="found 254"):
            check_labels(large(label_HW), np.zeros((6, 8, 3), np.uint8), LARGE, "a")


def test_hands_change_sides_in_a_mirror() -> None:
    names = ["background", *(f"class {number}" for number in range(1, LARGE))]
    names[7], names[302] = "left hand", "right hand"
    table = mirror_table(names)
    assert table[[7, 302, 254, 255, 256]].tolist() == [302, 7, 254, 255, 256]


def test_labels_spread_over_an_embedding() -> None:
    """Ignored pixels of a map of bytes stay without a class in a set whose count does not fit into a byte."""
    label_HW = np.full((16, 16), 254, np.uint8)
    label_HW[:8, :8], label_HW[2:5, 10:13] = 255, 3
    embedding_1Dhw = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    walk = LabelEmbeddingWalkSettings(clusters=(2, 2))
    for count in (SMALL, LARGE):
        share_Khw = spread_labels(embedding_1Dhw, label_HW, np.zeros((16, 16), np.int32), count, walk)
        assert torch.nonzero(share_Khw.sum(dim=(1, 2))).flatten().tolist() == [3]


def test_unlabelled_pixels_are_no_tags_of_a_crop(tmp_path: Path) -> None:
    manifest = write_tiny_data(tmp_path / "data", MANY_CLASSES, MANY_LABELS)
    seeds, regions = write_rows(tmp_path, manifest)
    rows = RowSource(seeds, "seeds", LabelRow), RowSource(regions, "regions", RegionRow)
    records = [record for record in manifest.records if record.tags]
    samples = SegmentSamples(records, *rows, MANY_CLASSES, PixelToSegmentSettings(crop=40, batch=2), IMAGENET_RGB)
    for place, record in enumerate(records):
        tags_C = samples.sample(place, np.random.default_rng(0))["tags"]
        assert (torch.nonzero(tags_C).flatten() + 1).tolist() == list(record.tags)


def test_objects_of_any_number_are_compared_with_masks() -> None:
    object_HW = np.zeros((4, 4), np.uint16)
    object_HW[:2] = 300
    numbers = np.array([300])
    iou_IG = mask_iou([object_HW == 300, object_HW == 0], object_HW, numbers)
    assert iou_IG.tolist() == [[1.0], [0.0]]


def test_reserved_ids_have_no_place_and_their_names_are_no_classes() -> None:
    with pytest.raises(ValueError, match="found 254 or 255"):
        class_places([1, 254])
    for name in RESERVED.values():
        with pytest.raises(DataError, match="unknown class"):
            label_id(name, MANY_CLASSES[1:], "a.xml")
