"""What 80 classes and 82 081 images make slow: evaluation, and finding the images that are done.

Baselines (the public code of EPS): a histogram of class pairs for every image row, added to a float matrix; and for
every image a search through the list of the files that are there.
"""

import numpy as np

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.manifest import Listing
from wsss_core.evaluation.confusion import confusion_counts

CLASSES = 81
SIZE_HW = (480, 640)
MAPS = 5
IMAGES, SAVED, SEARCHED = 82_081, 4_000, 1_000


def pair_of_maps(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction with blocks of labels, some ignored."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, CLASSES, (2, SIZE_HW[0] // 40, SIZE_HW[1] // 40)).astype(np.uint8)
    truth, prediction = (np.kron(block, np.ones((40, 40), np.uint8)) for block in blocks)
    truth[:8] = 255
    return truth, prediction


def counts_by_row(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Confusion matrix as published."""
    total = np.zeros((CLASSES, CLASSES))
    for truth, prediction in pairs:
        for truth_W, prediction_W in zip(truth, prediction, strict=True):
            known = (truth_W < CLASSES) & (prediction_W < CLASSES)
            index = CLASSES * truth_W[known].astype(int) + prediction_W[known]
            total += np.bincount(index, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    return total


def counts_by_image(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Confusion matrix of this project."""
    total = np.zeros((CLASSES, CLASSES + 1), np.int64)
    for truth, prediction in pairs:
        total += confusion_counts(truth, prediction, CLASSES)
    return total[:, :CLASSES]


def searched_list(ids: list[str], saved: list[str]) -> int:
    """How many ids are not in a list of saved ones, as published."""
    return len([image_id for image_id in ids if image_id not in saved])


def parts_of_split(listing: Listing) -> int:
    """This project's way: the parts of a split, which are there or not as a whole."""
    return len(listing.parts(["train"]))


def run() -> list[Comparison]:
    """Evaluation of 5 images; the scan for all images, the published one scaled from a part of them."""
    pairs = [pair_of_maps(seed) for seed in range(MAPS)]
    row_ms, expected = best_time_ms(lambda: counts_by_row(pairs), repeats=3)
    image_ms, found = best_time_ms(lambda: counts_by_image(pairs))
    assert np.array_equal(expected, found), "both ways must count the same"
    ids = [f"COCO_train2014_{number:012d}" for number in range(IMAGES)]
    listing = Listing(tuple(ids), (("train",),) * IMAGES, 500)
    list_ms, missing = best_time_ms(lambda: searched_list(ids[-SEARCHED:], ids[:SAVED]), repeats=2)
    part_ms, parts = best_time_ms(lambda: parts_of_split(listing))
    assert (missing, parts) == (SEARCHED, -(-IMAGES // 500))
    size = f"{MAPS} maps {SIZE_HW[0]}x{SIZE_HW[1]}"
    scaled_ms = list_ms * IMAGES / SEARCHED
    return [
        Comparison("evaluation, 81 classes", size, "ms", row_ms, image_ms, target=8),
        Comparison("what is done of MS-COCO, baseline scaled", f"{IMAGES} images", "ms", scaled_ms, part_ms, target=10),
    ]
