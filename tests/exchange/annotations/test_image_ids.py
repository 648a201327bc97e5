"""Annotated images find their ids by path, and never those of another folder."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.image_ids import by_image_id
from wsss_core.exchange.errors import ForeignFileError

IDS = ("plain", "cats/1", "dogs/1", "deep/cats/7", "50% grey", "v1.2.final")


def found(*files: str, ids: tuple[str, ...] = IDS, own: str | None = None) -> list[str]:
    return list(by_image_id([AnnotatedImage(files, "x", image_id=own)], ids))


@pytest.mark.parametrize(
    ("file", "image_id"),
    [
        ("plain.jpg", "plain"),
        ("srv/photos/cats/1.jpg", "cats/1"),
        ("cats\\1.jpg", "cats/1"),
        ("7.png", "deep/cats/7"),
        ("50_grey.jpg", "50% grey"),
        ("v1.2.final.jpeg", "v1.2.final"),
    ],
)
def test_the_end_of_a_path_says_which_image_it_is(file: str, image_id: str) -> None:
    assert found(file) == [image_id]


def test_the_same_name_in_another_folder_is_another_image() -> None:
    assert found("birds/1.jpg") == []
    assert found("dogs/1.jpg", ids=("cats/1",)) == []


def test_the_longest_id_at_the_end_of_a_path_wins() -> None:
    assert found("photos/deep/plain.jpg", ids=("plain", "deep/plain")) == ["deep/plain"]
    assert found("photos/plain.jpg", ids=("plain", "deep/plain")) == ["plain"]


def test_a_name_that_several_images_have_is_refused() -> None:
    with pytest.raises(ForeignFileError, match=r"2 images of the data are called so, such as 'cats/1' and 'dogs/1'"):
        found("1.jpg")


def test_the_id_that_an_export_wrote_comes_first_if_the_data_has_it() -> None:
    assert found("plain.jpg", own="cats/1") == ["cats/1"]
    assert found("plain.jpg", own="of another data set") == ["plain"]


def test_accents_are_compared_in_one_form() -> None:
    stored = unicodedata.normalize("NFD", "Größe/ä")
    assert found("Größe/ä.jpg", ids=(stored,)) == [stored]


@given(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3), st.text("ab", max_size=3))
def test_folders_before_the_path_change_nothing(steps: list[str], before: str) -> None:
    image_id = "/".join(steps)
    assert found(f"/{before}/{image_id}.jpg", ids=(image_id, "other")) == [image_id]


@pytest.mark.parametrize("file", ["", "/", "..", "\\", ".jpg"])
def test_what_is_no_name_fits_nothing(file: str) -> None:
    assert found(file) == []


def test_a_guess_never_takes_the_place_of_a_name() -> None:
    named, guessed = (
        AnnotatedImage(("beach.jpg",), "named"),
        AnnotatedImage(("x/0a1b2c3d-beach.jpg", "beach.jpg"), "other"),
    )
    for images in ([named, guessed], [guessed, named]):
        assert by_image_id(images, ["beach"]) == {"beach": named}
    assert by_image_id([guessed], ["beach"]) == {"beach": guessed}
    assert by_image_id([guessed], ["beach", "0a1b2c3d-beach"]) == {"0a1b2c3d-beach": guessed}


def test_two_images_of_one_name_are_refused() -> None:
    with pytest.raises(ForeignFileError, match="second: 2 images are called 'plain' or end so, the other is first"):
        by_image_id([AnnotatedImage(("plain.jpg",), "first"), AnnotatedImage(("x/plain.png",), "second")], IDS)
