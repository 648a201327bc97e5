from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.file_names import file_name

image_ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(image_ids)
def test_a_name_never_leaves_the_folder(image_id: str) -> None:
    name = file_name(image_id, ".png")
    assert Path(name).name == name
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert len(name.encode()) <= 255
    assert name.isprintable() or any(not letter.isprintable() and letter.isalnum() for letter in name)


@given(image_ids, image_ids)
def test_two_ids_get_two_names(first: str, second: str) -> None:
    assert (file_name(first, ".png") == file_name(second, ".png")) == (first == second)


@pytest.mark.parametrize(
    ("image_id", "name"),
    [
        ("2007_000032", "2007_000032.png"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.png"),
        ("/etc/passwd", "%2Fetc%2Fpasswd.png"),
        ("Äpfel und Möhren (1)", "Äpfel und Möhren (1).png"),
        ("100%", "100%25.png"),
        (".hidden", "%2Ehidden.png"),
        ('quote"d', "quote%22d.png"),
        ("a\\b", "a%5Cb.png"),
    ],
)
def test_names_stay_readable_and_safe(image_id: str, name: str) -> None:
    assert file_name(image_id, ".png") == name


def test_long_ids_that_differ_at_the_end_stay_apart() -> None:
    first, second = "x" * 400 + "a", "x" * 400 + "b"
    assert file_name(first, ".png") != file_name(second, ".png")


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an image id"):
        file_name("", ".png")
