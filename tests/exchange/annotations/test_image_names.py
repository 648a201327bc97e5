"""What tools make of file names, and back."""

import pytest

from wsss_core.exchange.annotations.image_names import file_or_address, image_files, uploaded_name


@pytest.mark.parametrize(
    ("url", "files"),
    [
        ("/data/upload/3/0a1b2c3d-my%20cat.jpg", ("my cat.jpg", "data/upload/3/0a1b2c3d-my cat.jpg")),
        ("/data/local-files/?d=photos/a%20b.jpg", ("photos/a b.jpg",)),
        ("s3://bucket/deep/a.jpg", ("deep/a.jpg",)),
        ("https://example.org/x/a.jpg?size=2", ("x/a.jpg",)),
        ("//[a].jpg", ("//[a].jpg",)),
        ("/data/local-files/?d=p/20230101-beach.jpg", ("p/20230101-beach.jpg",)),
        ("/data/local-files/?d=p/0a1b2c3d-beach.jpg", ("p/0a1b2c3d-beach.jpg", "beach.jpg")),
    ],
)
def test_addresses_of_label_studio_become_file_names(url: str, files: tuple[str, ...]) -> None:
    assert image_files(url) == files


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("deep/a b.jpg", ("deep/a b.jpg",)),
        ("a#1.jpg", ("a#1.jpg",)),
        ("is it?.jpg", ("is it?.jpg",)),
        ("20230101-beach.jpg", ("20230101-beach.jpg",)),
        ("images/3981271a-a.jpg", ("images/3981271a-a.jpg", "a.jpg")),
        ("50%25%20a.jpg", ("50%25%20a.jpg", "50% a.jpg")),
        ("../media/upload/2/3981271a-a.jpg", ("../media/upload/2/3981271a-a.jpg", "a.jpg")),
    ],
)
def test_names_in_other_files_are_taken_as_they_are_first(name: str, files: tuple[str, ...]) -> None:
    assert file_or_address(name) == files


@pytest.mark.parametrize(
    ("name", "stored"),
    [("50% grey.jpg", "50_grey.jpg"), ("a+b#c;d&e.png", "abcde.png"), ("Straße ä.JPG", "Straße_ä.JPG")],
)
def test_uploads_are_stored_as_label_studio_does(name: str, stored: str) -> None:
    assert uploaded_name(name) == stored
