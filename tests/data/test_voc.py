"""VOC folders: three sources of tags, several splits, and every way a folder can be wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wsss_core.artifacts.manifest import Box, Manifest, Point
from wsss_core.data import voc
from wsss_core.data.faults import DataError
from wsss_core.data.voc_files import write_annotation
from wsss_core.settings.data import VocSettings

CLASSES = ("cat", "dog")


def settings(root: Path, **changes: object) -> VocSettings:
    return VocSettings.parse({"root": str(root), "classes": CLASSES, "tag_source": "masks", **changes}, "data")


def build(values: VocSettings) -> Manifest:
    return voc.build(values, voc.list_images(values), Path("unused"))


def write_xml(root: Path, image_id: str, names: list[str]) -> None:
    (root / "Annotations").mkdir(exist_ok=True)
    named = [(1.0, 2.0, 10.0, 12.0, name) for name in names]
    (root / "Annotations" / f"{image_id}.xml").write_text(
        write_annotation(image_id, f"{image_id}.jpg", (24, 32), named)
    )


def write_npy(root: Path, vectors: dict[object, list[float]]) -> None:
    table = {key: np.array(vector, np.float32) for key, vector in vectors.items()}
    np.save(root / "cls_labels.npy", np.array(table, dtype=object), allow_pickle=True)


def test_listing_keeps_the_order_and_puts_an_image_into_all_its_splits(voc_root: Path) -> None:
    values = settings(
        voc_root, splits={"train": "train.txt", "train_aug": "train_aug.txt", "val": "val.txt"}, part_size=2
    )
    listing = voc.list_images(values)
    assert listing.ids == ("a", "b", "d", "c")
    assert listing.splits == (("train", "train_aug"), ("train", "train_aug"), ("train_aug",), ("val",))
    assert listing.parts(["val"]) == (1,)


def test_tags_from_masks_are_the_classes_with_a_pixel(voc_root: Path) -> None:
    manifest = build(settings(voc_root))
    assert manifest.classes == ("background", "cat", "dog")
    assert [record.tags for record in manifest.records] == [(1,), (2,), (1, 2)]
    first = manifest.records[0]
    assert (first.height, first.width, first.part, first.splits) == (24, 32, 0, ("train",))
    assert first.truth == str(voc_root / "SegmentationClass" / "a.png")
    assert "mask" in manifest.tag_source
    assert manifest.notes == ()


def test_tags_from_xml_count_difficult_objects_and_differences_to_the_masks_are_noted(voc_root: Path) -> None:
    for image_id, names in (("a", ["cat", "cat"]), ("b", ["dog", "cat"]), ("c", ["cat", "dog"])):
        write_xml(voc_root, image_id, names)
    manifest = build(settings(voc_root, tag_source="xml"))
    assert [record.tags for record in manifest.records] == [(1,), (1, 2), (1, 2)]
    assert manifest.records[0].boxes == (Box(0, 1, 10, 12, 1), Box(0, 1, 10, 12, 1))
    assert manifest.notes == ("1 of 3 images with ground truth have tags other than the classes in it",)


def test_tags_from_the_array_may_belong_to_images_without_mask(voc_root: Path) -> None:
    write_npy(voc_root, {"a": [1, 0], "b": [1, 1], "c": [0, 1], "d": [0, 0], "other": [1, 0]})
    values = settings(voc_root, tag_source="npy", splits={"all": "train_aug.txt"})
    manifest = build(values)
    assert {record.image_id: record.tags for record in manifest.records} == {"b": (1, 2), "a": (1,), "d": ()}
    assert manifest.records[2].truth is None
    assert manifest.tag_source == "the array cls_labels.npy"
    assert "1 of 3 images have no tag" in manifest.notes


def test_boxes_json_goes_before_xml_and_points_scribbles_saliency_are_found(voc_root: Path) -> None:
    write_xml(voc_root, "a", ["cat"])
    (voc_root / "boxes.json").write_text(json.dumps({"a": [[5, 6, 8, 9, "dog"]]}))
    (voc_root / "points.json").write_text(json.dumps({"a": [[3, 4, "cat"], [1, 1, "background"]]}))
    for folder in ("Scribbles", "Saliency"):
        (voc_root / folder).mkdir()
        (voc_root / folder / "a.png").write_bytes((voc_root / "SegmentationClass" / "a.png").read_bytes())
    manifest = build(settings(voc_root, scribbles="Scribbles", saliency="Saliency"))
    first, second = manifest.records[:2]
    assert first.boxes == (Box(4, 5, 8, 9, 2),)
    assert first.points == (Point(3, 4, 1), Point(1, 1, 0))
    assert first.scribbles == str(voc_root / "Scribbles" / "a.png")
    assert first.saliency == str(voc_root / "Saliency" / "a.png")
    assert (second.boxes, second.points, second.scribbles, second.saliency) == ((), (), None, None)


def test_lists_of_other_systems_are_read(voc_root: Path) -> None:
    lines = "/JPEGImages/a.jpg /SegmentationClass/a.png\n/JPEGImages/d.jpg\n"
    (voc_root / "psa.txt").write_text(lines)
    assert voc.list_images(settings(voc_root, splits={"train": "psa.txt"})).ids == ("a", "d")


@pytest.mark.parametrize(
    ("source", "message"),
    [("masks", r"'d': nothing in .*SegmentationClass"), ("xml", r"'b': nothing in .*Annotations"), ("npy", "'d'")],
)
def test_listed_images_without_tags_are_an_error(voc_root: Path, source: str, message: str) -> None:
    write_npy(voc_root, {"a": [1, 0], "b": [1, 1]})
    write_xml(voc_root, "a", ["cat"])
    values = settings(voc_root, tag_source=source, splits={"train": "train_aug.txt"})
    with pytest.raises(
        DataError, match=rf"(?s)images without tags \(tag_source: {source}\).*{message}.*choose another"
    ):
        build(values)


def test_truth_can_be_switched_off(voc_root: Path) -> None:
    write_npy(voc_root, {"a": [1, 0], "b": [1, 1], "c": [1, 1]})
    manifest = build(settings(voc_root, truth=None, tag_source="npy"))
    assert all(record.truth is None for record in manifest.records)
    with pytest.raises(DataError, match="no truth folder set"):
        build(settings(voc_root, truth=None))


def test_unknown_class_in_an_annotation_names_the_nearest(voc_root: Path) -> None:
    for image_id in "abc":
        write_xml(voc_root, image_id, ["caat"])
    with pytest.raises(DataError, match=r"a\.xml: unknown class 'caat'; did you mean 'cat'"):
        build(settings(voc_root, tag_source="xml"))


def test_missing_root_and_missing_image_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found no such folder.*`root`"):
        voc.list_images(settings(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="found no such sub-folder"):
        voc.list_images(settings(tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found an empty list"),
        ("\n  \n", "found an empty list"),
        ("a\nb\na\n", r"1 duplicate ids:\n.*id 'a' stands more than once"),
        ("../../etc/passwd\n", "leads out of the image folder"),
        ("..\\secret\n", "leads out of the image folder"),
    ],
)
def test_faulty_lists_are_refused(voc_root: Path, text: str, message: str) -> None:
    (voc_root / "ImageSets" / "Segmentation" / "train.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        voc.list_images(settings(voc_root))


def test_missing_list_names_both_places(voc_root: Path) -> None:
    with pytest.raises(DataError, match=r"split 'train'.*ImageSets/Segmentation/no\.txt or .*voc/no\.txt"):
        voc.list_images(settings(voc_root, splits={"train": "no.txt"}))
    with pytest.raises(DataError, match="found no file"):
        voc.read_id_list(voc_root / "no.txt")


def test_list_with_windows_line_ends_and_byte_order_mark_is_read(voc_root: Path) -> None:
    (voc_root / "list.txt").write_bytes("\ufeffa\r\nc\r\n".encode())
    assert voc.read_id_list(voc_root / "list.txt") == ["a", "c"]


def test_missing_image_is_named_with_the_expected_path(voc_root: Path) -> None:
    (voc_root / "JPEGImages" / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"(?s)1 bad images:.*image 'b': .*b\.jpg: .*found no file.*skip_bad: true"):
        build(settings(voc_root))


def test_images_may_be_png(voc_root: Path, photo: object) -> None:
    photo(voc_root / "JPEGImages" / "b.png")  # type: ignore[operator]
    (voc_root / "JPEGImages" / "b.jpg").unlink()
    assert build(settings(voc_root)).records[1].file.endswith("b.png")


def test_real_part_of_voc_is_read_when_it_lies_beside_the_project() -> None:
    root = Path(__file__).parents[2].parent / "shared" / "data" / "voc_mini"
    if not root.is_dir():
        pytest.skip("no real images beside the project")
    manifest = build(VocSettings(root=str(root), tag_source="npy", splits={"val": "val.txt"}))
    assert len(manifest.records) == 130
    assert sum(15 in record.tags for record in manifest.records) >= 33
    assert all(record.boxes and record.truth for record in manifest.records)


def test_lists_and_tables_are_watched_for_changes(voc_root: Path) -> None:
    write_npy(voc_root, {"a": [1, 0]})
    watched = voc.input_files(settings(voc_root, tag_source="npy"))
    assert voc_root / "cls_labels.npy" in watched
    assert [path.suffix for path in watched].count(".txt") == len(settings(voc_root).splits)
    assert voc_root / "cls_labels.npy" not in voc.input_files(settings(voc_root))


def test_object_numbers_are_found_where_there_are_any(voc_root: Path, mask: Callable[..., Path]) -> None:
    assert [record.instance_truth for record in build(settings(voc_root)).records] == [None] * 3
    path = mask(voc_root / "SegmentationObject" / "a.png", [0, 3])
    mask(voc_root / "SegmentationObject" / "d.png", [0, 1])  # d has no class mask
    values = settings(voc_root, tag_source="npy", splits={"all": "train_aug.txt"})
    write_npy(voc_root, {"a": [1, 0], "b": [1, 1], "d": [0, 0]})
    found = {record.image_id: record.instance_truth for record in build(values).records}
    assert found == {"a": str(path), "b": None, "d": None}
    assert build(settings(voc_root, instance_truth=None)).records[0].instance_truth is None


def test_object_numbers_that_do_not_fit_the_mask_are_an_error(voc_root: Path, mask: Callable[..., Path]) -> None:
    mask(voc_root / "SegmentationObject" / "a.png", [1, 0])
    with pytest.raises(DataError, match=r"image 'a': .*SegmentationObject/a\.png: object 1 lies where"):
        build(settings(voc_root))
