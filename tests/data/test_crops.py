"""Laws of the crops: size, alignment of several arrays, the published rounding."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.data.crops import centre_crop, random_crop, top_left_crop

SIDES = st.integers(1, 24)


@given(SIDES, SIDES, st.integers(1, 20), st.integers(0, 2**32))
def test_random_crop_has_the_size_and_keeps_arrays_aligned(height: int, width: int, size: int, seed: int) -> None:
    numbers = np.arange(1, height * width + 1, dtype=np.int32).reshape(height, width)
    image = np.repeat(numbers[..., None], 3, axis=2).astype(np.float32)
    cropped, label = random_crop([image, numbers], size, np.random.default_rng(seed), [0.0, -1])
    assert cropped.shape == (size, size, 3)
    assert label.shape == (size, size)
    inside = label > 0
    assert inside.sum() == min(height, size) * min(width, size)
    np.testing.assert_array_equal(cropped[inside][:, 0], label[inside])
    assert (cropped[~inside] == 0).all()
    assert (label[~inside] == -1).all()


def test_random_crop_reaches_every_offset_equally_often() -> None:
    row = np.arange(5, dtype=np.int32)[None, :].repeat(5, axis=0)
    rng = np.random.default_rng(1)
    larger = [int(random_crop([row], 3, rng, [-1])[0][0, 0]) for _ in range(600)]
    smaller = [int(np.argmax(random_crop([row], 7, rng, [-1])[0][3] == 0)) for _ in range(600)]
    for starts in (larger, smaller):
        counts = np.bincount(starts, minlength=3)
        assert counts.size == 3
        assert counts.min() > 150


def test_random_crop_is_the_same_for_the_same_seed() -> None:
    image = np.random.default_rng(0).random((30, 20))
    one, two = (random_crop([image], 9, np.random.default_rng(5), [0])[0] for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("length", "size", "start"), [(123, 100, 12), (131, 100, 16), (101, 100, 0), (103, 100, 2), (100, 100, 0)]
)
def test_centre_crop_skips_half_the_difference_rounded_to_even(length: int, size: int, start: int) -> None:
    column = np.arange(length)[:, None].repeat(size, axis=1)
    np.testing.assert_array_equal(centre_crop(column, size)[:, 0], np.arange(start, start + size))


def test_centre_crop_leaves_half_the_difference_free_rounded_to_even() -> None:
    cropped = centre_crop(np.ones((1, 2, 1)), 4, fill=7.0)
    assert cropped[..., 0].tolist() == [[7, 7, 7, 7], [7, 7, 7, 7], [7, 1, 1, 7], [7, 7, 7, 7]]


@given(SIDES, SIDES, st.integers(1, 20))
def test_centre_crop_of_a_centre_crop_changes_nothing(height: int, width: int, size: int) -> None:
    once = centre_crop(np.random.default_rng(0).random((height, width)), size)
    np.testing.assert_array_equal(centre_crop(once, size), once)


def test_top_left_crop_cuts_or_fills_at_the_right_and_bottom() -> None:
    numbers = np.arange(6.0).reshape(2, 3)
    assert top_left_crop(numbers, 2).tolist() == [[0, 1], [3, 4]]
    assert top_left_crop(numbers[..., None], 4, fill=9)[..., 0].tolist() == [[0, 1, 2, 9], [3, 4, 5, 9], *[[9] * 4] * 2]


def test_wrong_arguments_are_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"one height and width.*\(2, 3\).*\(3, 3\)"):
        random_crop([np.zeros((2, 3)), np.zeros((3, 3))], 2, rng, [0, 0])
    with pytest.raises(ValueError, match=r"one fill value per array \(1\), found 2"):
        random_crop([np.zeros((2, 3))], 2, rng, [0, 0])
    with pytest.raises(ValueError, match="at least 1 pixel"):
        centre_crop(np.zeros((2, 3)), 0)
    with pytest.raises(ValueError, match="axes"):
        centre_crop(np.zeros(3), 2)


def test_centre_crop_gives_the_recorded_outputs_of_the_original(shared_golden: Path) -> None:
    recorded = np.load(shared_golden / "center_crop.npz")
    cases = json.loads((shared_golden / "cases.json").read_text())["cases"]
    seed = next(case for case in cases if case["case"] == "center_crop")["input"]["seed"]
    for name in recorded.files:
        size_text, crop = name.removeprefix("center_").split("_")
        height, width = map(int, size_text.split("x"))
        image = _synthetic_image(height, width, seed)
        cropped = centre_crop(image.astype(np.float32), int(crop))[::3, ::3]
        np.testing.assert_array_equal(cropped, recorded[name])


@pytest.fixture
def shared_golden() -> Path:
    folder = Path(__file__).parents[2].parent / "shared" / "golden" / "psa"
    if not folder.is_dir():
        pytest.skip("the recorded outputs are not beside the project")
    return folder


def _synthetic_image(height: int, width: int, seed: int) -> np.ndarray:
    path = Path(__file__).parents[2].parent / "shared" / "golden" / "synthetic.py"
    space: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    return space["synthetic_image"](height, width, seed)  # type: ignore[operator]
