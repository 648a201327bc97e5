"""Tag vectors as PSA and IRN publish them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.cls_labels import read_cls_labels, tag_vector, tags_of, write_cls_labels
from wsss_core.label_ids import class_labels, with_reserved

CLASSES = ("a", "b", "c")


def save(path: Path, value: object) -> Path:
    np.save(path, np.array(value, dtype=object), allow_pickle=True)
    return path


def test_ids_may_be_texts_or_numbers(tmp_path: Path) -> None:
    vector = np.array([1, 0, 1], np.float32)
    path = save(tmp_path / "a.npy", {"2007_000032": vector, 2007000039: vector * 0})
    labels = read_cls_labels(path, CLASSES)
    assert list(labels) == ["2007_000032", "2007_000039"]
    assert labels["2007_000032"].tolist() == [1, 0, 1]
    assert labels["2007_000039"].dtype == np.float32


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", {"x": np.zeros(20)})
    with pytest.raises(ValueError, match=r"expected 3 numbers for image 'x', one per class, found shape \(20,\)"):
        read_cls_labels(path, CLASSES)


def test_other_content_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(ValueError, match="expected a dictionary of image id to vector, found ndarray"):
        read_cls_labels(tmp_path / "a.npy", CLASSES)


def test_vectors_are_written_as_they_are_read(tmp_path):
    vectors = {"2007_000032": tag_vector((1, 3), 3), "an id": tag_vector((), 3)}
    write_cls_labels(tmp_path / "t.npy", vectors)
    found = read_cls_labels(tmp_path / "t.npy", CLASSES)
    assert {image_id: vector.tolist() for image_id, vector in found.items()} == {
        "2007_000032": [1, 0, 1],
        "an id": [0, 0, 0],
    }
    plain = np.load(tmp_path / "t.npy", allow_pickle=True).item()  # as PSA reads it
    assert plain["2007_000032"].dtype == np.float32


@given(st.sets(st.integers(0, 299)))
def test_tags_of_a_large_set_are_vectors_without_the_reserved_ids(places: set[int]) -> None:
    labels = tuple(class_labels(300)[sorted(places)].tolist())
    vector = tag_vector(labels, 300)
    assert np.flatnonzero(vector).tolist() == sorted(places)
    assert tags_of(vector) == labels


def test_a_large_set_needs_a_number_for_every_real_class(tmp_path: Path) -> None:
    names = with_reserved([f"class {number}" for number in range(300)])
    path = save(tmp_path / "a.npy", {"x": np.ones(300)})
    assert read_cls_labels(path, names)["x"].shape == (300,)
    with pytest.raises(ValueError, match="expected 300 numbers"):
        read_cls_labels(save(tmp_path / "b.npy", {"x": np.ones(302)}), names)
