from pathlib import Path

import pytest

from wsss_core.data.similar_file import similar_file


@pytest.mark.parametrize(
    ("asked", "there"), [("img_1.jpg", "IMG_1.JPG"), ("b.jpg", "b.PNG"), ("b", "b.PNG"), ("c.jpg", None)]
)
def test_a_name_of_other_case_or_ending_is_found(tmp_path: Path, asked: str, there: str | None) -> None:
    for name in ("IMG_1.JPG", "b.PNG"):
        (tmp_path / name).touch()
    (tmp_path / "c").mkdir()
    assert similar_file(tmp_path / asked) == there


def test_the_whole_name_counts_more_than_the_name_without_its_ending(tmp_path: Path) -> None:
    for name in ("a.PNG", "A.JPG"):
        (tmp_path / name).touch()
    assert similar_file(tmp_path / "a.jpg") == "A.JPG"


def test_files_that_came_later_are_found_and_a_missing_folder_has_none(tmp_path: Path) -> None:
    assert similar_file(tmp_path / "none/a.jpg") is None
    assert similar_file(tmp_path / "a.jpg") is None
    (tmp_path / "a.png").touch()
    assert similar_file(tmp_path / "a.jpg") == "a.png"
