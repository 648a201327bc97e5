"""Boxes, points and scribbles beside a folder of photographs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wsss_core.artifacts.manifest import Box, Manifest, Point
from wsss_core.data import folder
from wsss_core.data.faults import DataError
from wsss_core.settings.data import FolderSettings

MakeFile = Callable[..., Path]
STROKE = "<xml><polygon><tag>cat</tag><point><X>3</X><Y>4</Y></point></polygon></xml>"


@pytest.fixture
def photos(tmp_path: Path, photo: MakeFile) -> Path:
    for name in ("cat/a b.jpg", "cat/c.jpg", "dog/d.jpg"):
        photo(tmp_path / "photos" / name)
    return tmp_path / "photos"


def settings(photos: Path, **names: Path) -> FolderSettings:
    values = {key: str(path) for key, path in names.items()}
    return FolderSettings.parse({"images": str(photos), **values}, "data")


def build(values: FolderSettings) -> Manifest:
    return folder.build(values, folder.list_images(values), Path("unused"))


def test_all_three_are_found_by_the_images_path_without_its_ending(
    photos: Path, tmp_path: Path, mask: MakeFile
) -> None:
    boxes, points = tmp_path / "boxes.csv", tmp_path / "points.json"
    boxes.write_text("image,xmin,ymin,xmax,ymax,class\ncat/a b,1,2,5,6,cat\ndog/d,2,2,9,9,dog\n")
    points.write_text(json.dumps({"cat/a b": [[3, 4, "cat"], [1, 1, "background"]]}))
    mask(tmp_path / "strokes" / "cat" / "a b.png", [1, 255])
    (tmp_path / "strokes" / "cat" / "c.xml").write_text(STROKE)
    values = settings(photos, boxes_file=boxes, points_file=points, scribbles=tmp_path / "strokes")
    first, second, third = build(values).records
    assert first.boxes == (Box(0, 1, 5, 6, 1),)
    assert first.points == (Point(3, 4, 1), Point(1, 1, 0))
    assert first.scribbles == str(tmp_path / "strokes" / "cat" / "a b.png")
    assert second.scribbles == str(tmp_path / "strokes" / "cat" / "c.xml")
    assert (second.boxes, second.points) == ((), ())
    assert (third.boxes, third.scribbles) == ((Box(1, 1, 9, 9, 2),), None)
    assert folder.input_files(values) == [boxes, points], "an edit of them makes the manifest anew"


def test_without_any_of_them_images_have_none(photos: Path) -> None:
    record = build(settings(photos)).records[0]
    assert (record.boxes, record.points, record.scribbles) == ((), (), None)


@pytest.mark.parametrize("key", ["boxes_file", "points_file"])
def test_names_of_no_image_are_refused_with_the_way_to_write_them(photos: Path, tmp_path: Path, key: str) -> None:
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"a b": [], "cat/c": []}))
    with pytest.raises(DataError, match=r"(?s)1 unknown images:.*no image has the id 'a b'.*path below `images`"):
        build(settings(photos, **{key: table}))


def test_unknown_classes_name_table_image_and_the_nearest_class(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "boxes.json"
    table.write_text(json.dumps({"cat/c": [[1, 1, 2, 2, "cats"]]}))
    with pytest.raises(DataError, match=r"boxes\.json, cat/c: unknown class 'cats'; did you mean 'cat'"):
        build(settings(photos, boxes_file=table))


@pytest.mark.parametrize("key", ["boxes_file", "points_file", "scribbles"])
def test_what_is_named_and_missing_is_an_error(photos: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(DataError, match=r"nowhere: expected .*, found no.* To do: correct the path"):
        build(settings(photos, **{key: tmp_path / "nowhere"}))
