"""Label ids: what the numbers of a label map mean, in sets of any size.

0 is the background, 1 to 253 are classes in their order, 254 and 255 say what is not known. A set of more classes goes
on with 256, so that no number ever means two things: the 254th class has the id 256. Names by label id then have a
stand-in at 254 and 255 (`with_reserved`), which no image is tagged with and which no method answers; everything that
counts channels or names by label id stays as simple as in a small set. Label maps are bytes where their ids fit, and
pairs of bytes else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

    Ids = TypeVar("Ids", int, np.ndarray, torch.Tensor)

BACKGROUND = 0
UNLABELLED = 254
"""Nobody has said what the pixel is: it belongs to the image and may be grouped with others, but teaches no class.
Methods that know only labels take it for `IGNORE`."""
IGNORE = 255
"""The pixel is to be left out altogether."""
RESERVED = {UNLABELLED: "(unlabelled)", IGNORE: "(ignore)"}
"""Label ids that are no class, and the names that stand for them."""
MAX_CLASSES = np.iinfo(np.uint16).max - len(RESERVED)
_BYTE = np.iinfo(np.uint8).max


def is_class(label: int) -> bool:
    """Whether a label id is that of a foreground class, if the set has so many."""
    return label != BACKGROUND and label not in RESERVED


def is_known(ids: Ids, class_count: int) -> Ids:
    """Bool of the ids' shape: whether an id is the background or a class, and so neither unlabelled nor ignored.

    `class_count`: of the names by label id, background and stand-ins included. Arrays give arrays, tensors tensors, a
    number a truth value.
    """
    return (ids < class_count) & (ids != UNLABELLED) & (ids != IGNORE)


def with_reserved(names: Sequence[str]) -> tuple[str, ...]:
    """Names of foreground classes by label id, counted from 1: as they are up to 253, then with two stand-ins.

    Names that have the stand-ins already stay as they are.
    """
    before, after = tuple(names[: UNLABELLED - 1]), tuple(names[UNLABELLED - 1 :])
    stand_ins = tuple(RESERVED.values())
    return (*before, *stand_ins, *after) if after and after[: len(stand_ins)] != stand_ins else (*before, *after)


def without_reserved(names: Iterable[str]) -> tuple[str, ...]:
    """The names of real classes among names by label id."""
    return tuple(name for name in names if name not in RESERVED.values())


def class_labels(count: int) -> np.ndarray:
    """Label ids int64 (C,) of `count` foreground classes in their order."""
    places = np.arange(1, count + 1)
    return np.where(places < UNLABELLED, places, places + len(RESERVED))


def class_places(labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """Places int64 from 0 among the real classes of label ids of foreground classes: what `class_labels` undoes.

    -1 for the background. Raises `ValueError` for the ids of unlabelled and ignored pixels.
    """
    ids = np.asarray(labels, np.int64)
    if np.isin(ids, list(RESERVED)).any():
        raise ValueError(f"expected label ids of classes, found {UNLABELLED} or {IGNORE}")
    return np.where(ids > IGNORE, ids - len(RESERVED), ids) - 1


def label_type(highest: int) -> type[np.uint8] | type[np.uint16]:
    """Dtype of label maps with ids up to `highest`."""
    return np.uint8 if highest <= _BYTE else np.uint16


def as_labels(ids: Sequence[int] | np.ndarray) -> np.ndarray:
    """Label ids of any shape as uint8 where all fit, else uint16. Raises `ValueError` for others."""
    values = np.asarray(ids)
    lowest, highest = int(values.min(initial=0)), int(values.max(initial=0))
    if lowest < 0 or highest > np.iinfo(np.uint16).max:
        raise ValueError(f"expected label ids from 0 to {np.iinfo(np.uint16).max}, found {lowest} to {highest}")
    return values.astype(label_type(highest))


def best_label(scores_KHW: np.ndarray) -> np.ndarray:
    """Label map (H, W) of the highest score, the first of equals; a channel's number is its label id, no reserved one
    wins."""
    if len(scores_KHW) <= UNLABELLED:
        return scores_KHW.argmax(axis=0).astype(np.uint8)
    low_KHW, high_KHW = scores_KHW[:UNLABELLED], scores_KHW[IGNORE + 1 :]
    high_HW = high_KHW.argmax(axis=0) + (IGNORE + 1)
    higher_HW = high_KHW.max(axis=0) > low_KHW.max(axis=0)
    return np.where(higher_HW, high_HW, low_KHW.argmax(axis=0)).astype(np.uint16)
