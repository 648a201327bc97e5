import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.class_maps import ClassMaps
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.label_ids import with_reserved
from wsss_core.settings.base import SettingsError

CLASSES = ("background", "cat", "dog")


def numbered_maps(*labels: int) -> ClassMaps:
    """A map of its own label for each label."""
    return ClassMaps(np.array(labels, np.int32), np.array(labels, np.float32)[:, None, None] * np.ones((1, 2, 3)))


def test_without_names_the_files_have_the_classes_of_the_data() -> None:
    order = ClassOrder.of((), CLASSES)
    found = order.scores(numbered_maps(0, 1, 2), "file")
    assert found.labels.tolist() == [0, 1, 2]
    labels = np.array([[0, 1], [2, 255]], np.uint8)
    np.testing.assert_array_equal(order.label_map(labels, "file"), labels)


def test_named_classes_are_found_by_name_and_others_are_left_out() -> None:
    order = ClassOrder.of(("dog", "cow", "cat"), CLASSES)
    found = order.scores(numbered_maps(1, 2, 3), "file")
    assert found.labels.tolist() == [1, 2]
    assert found.maps_Khw[:, 0, 0].tolist() == [3, 1]
    label_HW = order.label_map(np.array([[0, 1, 2, 3, 255]], np.uint8), "file")
    assert label_HW.tolist() == [[0, 2, 255, 1, 255]]
    assert label_HW.dtype == np.uint8


@given(names=st.permutations(["cat", "dog", "cow", "horse"]), data=st.data())
def test_maps_and_label_maps_are_numbered_alike(names: list[str], data: st.DataObject) -> None:
    labels = data.draw(st.lists(st.integers(0, 4), unique=True, min_size=1).map(sorted))
    order = ClassOrder.of(names, ("background", "horse", "cat"))
    of_maps = order.scores(numbered_maps(*labels), "file")
    of_pixels = order.label_map(np.array([labels], np.uint8), "file")[0]
    by_value = dict(zip(of_maps.maps_Khw[:, 0, 0].astype(int).tolist(), of_maps.labels.tolist(), strict=True))
    assert by_value == {label: int(pixel) for label, pixel in zip(labels, of_pixels, strict=True) if pixel != 255}
    assert of_maps.labels.tolist() == sorted(of_maps.labels.tolist())


def test_labels_beyond_the_classes_are_named() -> None:
    order = ClassOrder.of((), CLASSES)
    with pytest.raises(ForeignFileError, match=r"a\.npy: expected labels up to 2, .* found 20 \(class id 19\)\. To do"):
        order.scores(numbered_maps(1, 20), "a.npy")
    label_HW = np.arange(12, dtype=np.uint8)[None]
    with pytest.raises(ForeignFileError, match=r"found 3 \(class id 2\), 4 .*, 7 \(class id 6\) and 4 more"):
        order.label_map(label_HW, "a.png")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("cat", "dog", "cat"), "every class once"),
        (("cat", "dgo"), "every class of the data, found none called 'dog' among cat, dgo"),
    ],
)
def test_names_that_cannot_be_meant_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(SettingsError, match=f"key 'classes': expected {message}"):
        ClassOrder.of(names, CLASSES)


def test_files_of_more_than_253_classes_leave_the_numbers_254_and_255_free() -> None:
    names = [f"class {number:03d}" for number in range(300)]
    classes = ("background", *with_reserved(names))
    order = ClassOrder.of((), classes)
    assert len(order.names) == 300
    listed = ClassOrder.of(classes[1:], classes)  # as a network's card has them
    np.testing.assert_array_equal(listed.label_ids, order.label_ids)
    labels = np.array([[0, 1, 253, 254, 255, 256, 302]], np.uint16)
    np.testing.assert_array_equal(order.label_map(labels, "file"), labels)
    assert order.scores(numbered_maps(0, 253, 254, 300), "file").labels.tolist() == [0, 253, 256, 302]
    with pytest.raises(ForeignFileError, match=r"up to 302, .* of 300 classes, found 303 \(class id 300\)"):
        order.label_map(labels + np.uint16(1), "file")


def test_a_small_set_takes_its_classes_from_files_of_a_large_one() -> None:
    names = [f"class {number:03d}" for number in range(300)]
    order = ClassOrder.of(names, ("background", "class 299", "class 000"))
    found = order.label_map(np.array([[0, 1, 2, 254, 255, 256, 302]], np.uint16), "file")
    assert found.tolist() == [[0, 2, 255, 254, 255, 255, 1]]
    assert found.dtype == np.uint8
