"""Data sets from the annotations of labelling tools."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wsss_core.artifacts.manifest import Box, Manifest
from wsss_core.data import folder
from wsss_core.data.faults import DataError
from wsss_core.data.image_places import ImagePlaces
from wsss_core.settings.base import SettingsError
from wsss_core.settings.data import FolderSettings

MakeFile = Callable[..., Path]


def build(images: Path, **changes: object) -> Manifest:
    settings = FolderSettings.parse({"images": str(images), **changes}, "data")
    return folder.build(settings, folder.list_images(settings), Path("unused"))


@pytest.fixture
def photos(tmp_path: Path, photo: MakeFile) -> Path:
    for name in ("one/a.jpg", "one/b.jpg", "two/c.jpg"):
        photo(tmp_path / "photos" / name)
    return tmp_path / "photos"


def coco(path: Path, names: tuple[str, ...] = ("train/one/a.jpg", "c.jpg"), category: str = "cat") -> str:
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    boxes = [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [1, 2, 3, 4]}]
    content = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": category}]}
    path.write_text(json.dumps(content))
    return str(path)


def test_tags_and_boxes_come_from_coco_wherever_the_images_lie(photos: Path, tmp_path: Path) -> None:
    manifest = build(photos, tags=coco(tmp_path / "a.json"))
    assert [(record.image_id, record.tags) for record in manifest.records] == [("one/a", (1,)), ("two/c", ())]
    assert manifest.records[0].boxes == (Box(1, 2, 4, 6, 1),)
    assert manifest.classes == ("background", "cat")
    assert manifest.tag_source.startswith("the annotations ")


def test_voc_xml_without_images_folder_names_are_found(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "xml").mkdir()
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    text = f"<annotation><object><name>dog</name>{box}</object></annotation>"
    (tmp_path / "xml/b.xml").write_text(text)
    manifest = build(photos, tags=str(tmp_path / "xml"))
    assert [(record.image_id, record.boxes) for record in manifest.records] == [("one/b", (Box(0, 0, 2, 2, 1),))]
    settings = FolderSettings(images=str(photos), tags=str(tmp_path / "xml"))
    assert folder.input_files(settings) == [tmp_path / "xml/b.xml"]


def test_a_name_that_several_files_have_is_refused(photos: Path, tmp_path: Path, photo: MakeFile) -> None:
    photo(photos / "three/a.jpg")
    with pytest.raises(DataError, match=r"2 files are called so, such as one/a.jpg and three/a.jpg"):
        build(photos, tags=coco(tmp_path / "a.json", ("a.jpg", "c.jpg")))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/abs/x.jpg", "C:\\photos\\x.jpg"])
def test_paths_that_are_not_there_become_a_name_below_the_folder(photos: Path, name: str) -> None:
    assert ImagePlaces(photos).find([name], "x") in ("passwd", "x.jpg")


def test_uploads_to_label_studio_are_found_under_their_names_on_disk(photos: Path, photo: MakeFile) -> None:
    photo(photos / "one/50% grey.jpg")
    assert ImagePlaces(photos).find(["50_grey.jpg", "data/upload/2/337a0dc7-50_grey.jpg"], "x") == "one/50% grey.jpg"
    photo(photos / "two/50 grey.jpg")
    with pytest.raises(DataError, match="2 files are called so"):
        ImagePlaces(photos).find(["50_grey.jpg"], "x")


def test_tags_from_masks_take_the_images_that_have_one(photos: Path, tmp_path: Path, mask: MakeFile) -> None:
    mask(tmp_path / "masks/one/a.png", [0, 2, 255])
    mask(tmp_path / "masks/two/c.png", [0])
    manifest = build(photos, tag_source="masks", truth=str(tmp_path / "masks"), classes=("cat", "dog"))
    assert [(record.image_id, record.tags) for record in manifest.records] == [("one/a", (2,)), ("two/c", ())]


def test_a_class_of_nothing_makes_a_binary_problem(tmp_path: Path, photo: MakeFile) -> None:
    for name in ("crack/a.jpg", "intact/b.jpg", "background/c.jpg"):
        photo(tmp_path / "photos" / name)
    manifest = build(tmp_path / "photos", no_class=("intact", "background"))
    assert manifest.classes == ("background", "crack")
    assert {record.image_id: record.tags for record in manifest.records} == {
        "background/c": (), "crack/a": (1,), "intact/b": (),
    }  # fmt: skip


def test_hundreds_of_classes_leave_the_reserved_label_ids_out(tmp_path: Path, photo: MakeFile) -> None:
    photo(tmp_path / "photos/a.jpg")
    names = [f"class {number:03d}" for number in range(300)]
    (tmp_path / "tags.csv").write_text(f"file,tags\na.jpg,{';'.join(names)}\n")
    manifest = build(tmp_path / "photos", tags=str(tmp_path / "tags.csv"))
    assert manifest.records[0].tags == (*range(1, 254), *range(256, 303))
    assert [manifest.classes[label] for label in manifest.records[0].tags] == names
    manifest = build(tmp_path / "photos", tags=str(tmp_path / "tags.csv"), classes=names[:253], unlisted_tags="drop")
    assert manifest.records[0].tags == tuple(range(1, 254))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tag_source": "masks"}, "needs `truth`"),
        ({"unlisted_tags": "drop"}, "needs `classes`"),
        ({"classes": ["cat"], "no_class": ["cat"]}, "'cat' stands in `classes` and in `no_class`"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FolderSettings.parse({"images": "x", **changes}, "data")
