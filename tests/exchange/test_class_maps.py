import numpy as np
import pytest

from wsss_core.exchange.class_maps import class_maps
from wsss_core.exchange.errors import ForeignFileError

MAP = np.array([[0.25, 1.0]], np.float32)


def test_maps_are_ordered_by_class_id_and_numbered_from_the_first_label() -> None:
    found = class_maps([7, np.int64(2)], [MAP, 2 * MAP], 1, "file")
    assert found.labels.tolist() == [3, 8]
    assert found.labels.dtype == np.int32
    np.testing.assert_array_equal(found.maps_Khw, [2 * MAP, MAP])
    assert class_maps([7, 0], [MAP, MAP], 0, "file").labels.tolist() == [0, 7]


@pytest.mark.parametrize("dtype", [np.float16, ">f4", np.float64])
def test_every_float_type_becomes_float32(dtype: object) -> None:
    found = class_maps([0], [MAP.astype(dtype)], 1, "file")
    assert found.maps_Khw.dtype == np.dtype("=f4")
    np.testing.assert_array_equal(found.maps_Khw[0], MAP)


def test_no_class_means_no_size() -> None:
    found = class_maps([], [], 1, "file")
    assert (found.labels.shape, found.maps_Khw.shape) == ((0,), (0, 0, 0))


def test_the_arrays_of_the_file_are_copied() -> None:
    source = MAP.copy()
    found = class_maps([0], [source], 1, "file")
    source[:] = 9
    np.testing.assert_array_equal(found.maps_Khw[0], MAP)


@pytest.mark.parametrize(
    ("ids", "maps", "message"),
    [
        (["cat"], [MAP], "class ids that are numbers from 0, found 'cat'"),
        ([True], [MAP], "class ids that are numbers from 0, found True"),
        ([-1], [MAP], "class ids that are numbers from 0, found -1"),
        ([2**40], [MAP], "class ids that are numbers from 0"),
        ([1.0], [MAP], r"class ids that are numbers from 0, found 1\.0"),
        ([4, np.int64(4)], [MAP, MAP], r"every class once, found the class ids \[4, 4\]"),
        ([4, 5], [MAP], "a map for each of 2 class ids, found 1 maps"),
        ([4], [MAP[0]], r"class id 4: .* axes \(h, w\), found float32 \(2,\)"),
        ([4], [MAP.astype(np.uint8)], r"class id 4: expected a map of floats .* found uint8 \(1, 2\)"),
        ([4], [np.array([[None]])], r"class id 4: expected a map of floats .* found object"),
        ([4], [[[0.5]]], "class id 4: expected a map of floats .* found list"),
        ([4], [MAP * np.inf], "class id 4: expected finite numbers"),
        ([4], [MAP * np.nan], "class id 4: expected finite numbers"),
        ([4, 5], [MAP, MAP.T], r"maps of one size, found \[\(1, 2\), \(2, 1\)\]"),
    ],
)
def test_other_contents_are_refused_with_the_file(ids: list[object], maps: list[object], message: str) -> None:
    with pytest.raises(ForeignFileError, match=rf"^a/b\.npy.*{message}"):
        class_maps(ids, maps, 1, "a/b.npy")
