"""Label ids of sets of any size."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.label_ids import (
    IGNORE,
    MAX_CLASSES,
    RESERVED,
    UNLABELLED,
    as_labels,
    best_label,
    class_labels,
    class_places,
    is_class,
    is_known,
    label_type,
    with_reserved,
    without_reserved,
)

COUNTS = st.integers(1, 700)


@given(COUNTS)
def test_names_by_label_id_leave_the_reserved_ids_out(count: int) -> None:
    names = [f"class {number}" for number in range(count)]
    by_label = ("background", *with_reserved(names))
    assert [by_label[label] for label in class_labels(count)] == names
    assert without_reserved(by_label[1:]) == tuple(names)
    assert with_reserved(with_reserved(names)) == with_reserved(names)
    assert [label for label in range(1, len(by_label)) if not is_class(label)] == (
        [UNLABELLED, IGNORE] if count > 253 else []
    )


@given(COUNTS)
def test_places_are_the_inverse_of_labels(count: int) -> None:
    labels = class_labels(count)
    assert labels[0] == 1
    assert not set(labels.tolist()) & set(RESERVED)
    np.testing.assert_array_equal(class_places(labels), np.arange(count))


def test_the_253rd_class_is_the_last_one_of_a_byte() -> None:
    assert with_reserved(["a"] * 253) == ("a",) * 253
    assert with_reserved(["a"] * 254)[252:] == ("a", "(unlabelled)", "(ignore)", "a")
    assert class_labels(254)[-2:].tolist() == [253, 256]
    assert int(class_labels(MAX_CLASSES)[-1]) == np.iinfo(np.uint16).max


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=20))
def test_labels_are_bytes_where_they_fit(ids: list[int]) -> None:
    labels = as_labels(ids)
    assert labels.tolist() == ids
    assert labels.dtype == (np.uint8 if max(ids) <= 255 else np.uint16)
    assert labels.dtype == label_type(max(ids))


@pytest.mark.parametrize("ids", [[-1], [65536]])
def test_other_numbers_are_no_labels(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="expected label ids from 0 to 65535"):
        as_labels(ids)


@pytest.mark.parametrize("count", [3, 254, 303])
def test_known_is_what_has_a_class_in_arrays_tensors_and_numbers(count: int) -> None:
    ids = np.arange(400)
    expected = [label < count and label not in (254, 255) for label in ids.tolist()]
    assert is_known(ids, count).tolist() == expected
    assert is_known(torch.from_numpy(ids), count).tolist() == expected
    assert [bool(is_known(label, count)) for label in ids.tolist()] == expected


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 254, 257, 303]))
def test_the_best_label_is_the_argmax_without_the_reserved_channels(seed: int, count: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, (count, 3, 2)).astype(np.float32)
    masked = scores.copy()
    if count > UNLABELLED:
        scores[[UNLABELLED, IGNORE]] = 9
        masked[[UNLABELLED, IGNORE]] = -1
    label = best_label(scores)
    np.testing.assert_array_equal(label, masked.argmax(axis=0))
    assert label.dtype == label_type(count - 1)
