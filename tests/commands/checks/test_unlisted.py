from pathlib import Path

import pytest

from wsss_core.commands.checks.unlisted import check_unlisted
from wsss_core.settings.data import FolderSettings, ScenesSettings


def texts(root: Path, *ids: str, **settings: object) -> list[str]:
    found = check_unlisted("data", FolderSettings.parse({"images": str(root), **settings}, "data"), ids)
    assert {finding.level for finding in found} <= {"warning"}
    return [finding.text for finding in found]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.jpg", "deep/b.JPG", "deep/c.HEIC", ".hidden/d.jpg", "notes.txt", "masks/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_pictures_that_the_table_forgot_and_formats_that_are_not_read_are_named(photos: Path) -> None:
    unread, unlisted = texts(photos, "a", truth=str(photos / "masks"))
    assert unread == "data: 1 pictures of formats that are not read are left out: deep/c.HEIC"
    assert unlisted == f"data: 1 pictures in {photos} are not listed: deep/b.JPG"


def test_masks_are_no_photographs_unless_nobody_says_that_they_are_masks(photos: Path) -> None:
    assert texts(photos, "a", "deep/b", "deep/c", truth=str(photos / "masks")) == []
    assert texts(photos, "a", "deep/b", "deep/c") == [f"data: 1 pictures in {photos} are not listed: masks/a.png"]


def test_accents_in_two_forms_are_one_name(tmp_path: Path) -> None:
    (tmp_path / "a\u0308.jpg").touch()
    assert texts(tmp_path, "\u00e4") == []


def test_only_the_first_of_many_are_named(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.jpg").touch()
    [text] = texts(tmp_path)
    assert text.endswith("7 pictures in " + str(tmp_path) + " are not listed: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, ...")


def test_data_from_masks_and_other_data_are_not_looked_at(photos: Path) -> None:
    assert texts(photos, tag_source="masks", truth=str(photos / "masks"), classes=["cat"]) == []
    assert check_unlisted("data", ScenesSettings(), []) == []
