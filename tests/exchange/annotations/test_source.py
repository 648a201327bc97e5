"""Annotations of each form: the same tags, boxes and pixels come out, and wrong files are refused in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from exchange.annotations.bitmask_urls import data_url

from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.brush_rle import encode_brush
from wsss_core.exchange.annotations.label_map import paint
from wsss_core.exchange.annotations.source import is_annotation_source, read_annotations
from wsss_core.exchange.errors import ForeignFileError

CLASSES = ("background", "cat", "dog")
SIZE = (4, 6)
BLOCK_HW = np.zeros(SIZE, bool)
BLOCK_HW[1:3, 2:5] = True


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def coco(*annotations: dict[str, object]) -> dict[str, object]:
    rows = [{"id": n, "image_id": 7, "category_id": 3, **one} for n, one in enumerate(annotations)]
    images = [{"id": 7, "file_name": "sub/a.jpg"}, {"id": 8, "file_name": "b.jpg"}]
    return {"images": images, "annotations": rows, "categories": [{"id": 3, "name": "cat"}, {"id": 5, "name": "dog"}]}


def tasks(*results: dict[str, object], **task: object) -> list[dict[str, object]]:
    size = {"original_height": SIZE[0], "original_width": SIZE[1]}
    own = {
        "data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
        "annotations": [{"result": [{**size, **r} for r in results]}],
    }
    return [{**own, **task}]


def cvat(body: str, name: str = "a.jpg") -> str:
    image = f'<image id="0" name="{name}" width="6" height="4">{body}</image>'
    return f"<annotations><version>1.1</version>{image}</annotations>"


CORNERS = [2, 1, 5, 1, 5, 3, 2, 3]
PERCENT = [[x / 6 * 100, y / 4 * 100] for x, y in zip(CORNERS[::2], CORNERS[1::2], strict=True)]
DRAWN = {
    "coco polygon.json": coco({"segmentation": [CORNERS]}),
    "coco runs.json": coco({"segmentation": {"size": list(SIZE), "counts": [9, 2, 2, 2, 2, 2, 5]}}),
    "brush.json": tasks(
        {"type": "brushlabels", "value": {"rle": encode_brush(BLOCK_HW).copy(), "brushlabels": ["cat"]}}
    ),
    "polygon.json": tasks({"type": "polygonlabels", "value": {"points": PERCENT, "polygonlabels": ["cat"]}}),
    "polygon.xml": cvat('<polygon label="cat" points="2,1;5,1;5,3;2,3"/>'),
    "mask.xml": cvat('<mask label="cat" rle="1, 3, 1, 3" left="1" top="1" width="4" height="2"/>'),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_pixels_come_out_of_every_form(tmp_path: Path, name: str) -> None:
    image = read_annotations(write(tmp_path / name, DRAWN[name]))[0]
    assert image.names == ("cat",)
    np.testing.assert_array_equal(paint(image, SIZE, CLASSES), BLOCK_HW.astype(np.uint8))


BOXED = {
    "coco.json": coco({"bbox": [2, 1, 3, 2]}),
    "studio.json": tasks(
        {
            "type": "rectanglelabels",
            "value": {"x": 100 / 3, "y": 25, "width": 50, "height": 50, "rectanglelabels": ["cat"]},
        }
    ),
    "cvat.xml": cvat('<box label="cat" xtl="2" ytl="1" xbr="5" ybr="3"/>'),
}


@pytest.mark.parametrize("name", BOXED)
def test_the_same_box_comes_out_of_every_form(tmp_path: Path, name: str) -> None:
    image = read_annotations(write(tmp_path / name, BOXED[name]))[0]
    [shape] = image.shapes
    assert shape.box == pytest.approx((2, 1, 5, 3))
    assert not shape.has_area
    assert not paint(image, SIZE, CLASSES).any()


def test_voc_boxes_count_from_one_and_any_ending_may_be_the_image(tmp_path: Path) -> None:
    box = "<bndbox><xmin>3</xmin><ymin>2</ymin><xmax>5</xmax><ymax>3</ymax></bndbox>"
    write(tmp_path / "a.xml", f"<annotation><object><name>cat</name>{box}</object></annotation>")
    [image] = read_annotations(tmp_path)
    assert image.shapes[0].box == (2, 1, 5, 3)
    assert {"a.jpg", "a.png"} <= set(image.files)


def test_images_without_annotations_are_kept_by_coco_and_cvat_and_left_out_when_nobody_did_the_task(
    tmp_path: Path,
) -> None:
    assert [image.names for image in read_annotations(write(tmp_path / "a.json", coco()))] == [(), ()]
    assert [image.names for image in read_annotations(write(tmp_path / "a.xml", cvat("")))] == [()]
    assert read_annotations(write(tmp_path / "b.json", tasks(annotations=[]))) == ()
    assert (
        read_annotations(write(tmp_path / "c.json", tasks(annotations=[{"was_cancelled": True, "result": []}]))) == ()
    )
    assert [image.names for image in read_annotations(write(tmp_path / "d.json", tasks()))] == [()]


ELLIPSES = {
    "studio.json": tasks(
        {"type": "ellipselabels", "value": {"x": 50, "y": 50, "radiusX": 50, "radiusY": 50, "ellipselabels": ["cat"]}}
    ),
    "cvat.xml": cvat('<ellipse label="cat" cx="3" cy="2" rx="3" ry="2" rotation="0"/>'),
}


@pytest.mark.parametrize("name", ELLIPSES)
def test_ellipses_have_an_area(tmp_path: Path, name: str) -> None:
    painted = paint(read_annotations(write(tmp_path / name, ELLIPSES[name]))[0], SIZE, CLASSES)
    np.testing.assert_array_equal(painted[1:3], 1)
    np.testing.assert_array_equal(painted[::3, ::5], 0)


def test_bitmasks_of_label_studio_are_masks(tmp_path: Path) -> None:
    value = {"imageDataURL": data_url(BLOCK_HW), "bitmasklabels": ["dog"]}
    [image] = read_annotations(write(tmp_path / "a.json", tasks({"type": "bitmasklabels", "value": value})))
    np.testing.assert_array_equal(paint(image, SIZE, CLASSES), BLOCK_HW * 2)


@pytest.mark.parametrize("kind", ["polyline", "points", "cuboid", "skeleton"])
def test_shapes_of_cvat_without_an_area_are_tags_at_least(tmp_path: Path, kind: str) -> None:
    [image] = read_annotations(write(tmp_path / "a.xml", cvat(f'<{kind} label="dog"/>')))
    assert image.names == ("dog",)
    assert not paint(image, SIZE, CLASSES).any()


def test_the_address_that_label_studio_writes_into_coco_says_more_than_the_name(tmp_path: Path) -> None:
    content = coco()
    content["images"] = [{"id": 7, "file_name": "a%20b.jpg", "path": "/data/local-files/?d=srv/photos/deep/a%20b.jpg"}]
    [image] = read_annotations(write(tmp_path / "a.json", content))
    assert image.files == ("srv/photos/deep/a b.jpg", "a%20b.jpg", "a b.jpg")


def test_tags_of_the_whole_image_are_read(tmp_path: Path) -> None:
    choice = {"type": "choices", "value": {"choices": ["cat", "dog"]}}
    tree = {"type": "taxonomy", "value": {"taxonomy": [["animal", "dog"]]}}
    assert read_annotations(write(tmp_path / "a.json", tasks(choice, tree)))[0].tags == ("cat", "dog", "dog")
    assert read_annotations(write(tmp_path / "a.xml", cvat('<tag label="dog"/>')))[0].tags == ("dog",)


def test_smaller_coco_objects_and_higher_cvat_shapes_lie_on_top(tmp_path: Path) -> None:
    whole = {"category_id": 5, "segmentation": [[0, 0, 6, 0, 6, 4, 0, 4]], "area": 24}
    file = coco({"segmentation": [CORNERS], "area": 6}, whole)
    expected = np.where(BLOCK_HW, 1, 2)
    np.testing.assert_array_equal(paint(read_annotations(write(tmp_path / "a.json", file))[0], SIZE, CLASSES), expected)
    body = '<polygon label="cat" points="2,1;5,1;5,3;2,3" z_order="1"/><polygon label="dog" points="0,0;6,0;6,4;0,4"/>'
    image = read_annotations(write(tmp_path / "a.xml", cvat(body)))[0]
    np.testing.assert_array_equal(paint(image, SIZE, CLASSES), expected)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "found no JSON"),
        ("a.json", {"a": 1}, "JSON of another form.*JSON_MIN"),
        ("a.json", coco({"category_id": 9}), "category 9 is not among"),
        ("a.json", coco({"segmentation": [[1, 2, 3]]}), "at least 3 corners"),
        ("a.json", {"images": 3, "annotations": [], "categories": []}, "expected 'images' to be list"),
        ("a.xml", "<a", "found no XML"),
        ("a.xml", "<annotation/>", "name the folder of VOC files"),
        ("a.xml", cvat('<box label="cat" xtl="1"/>'), "<box> without 'ytl'"),
        ("a.xml", cvat('<polygon label="cat" points="1,2;x"/>'), "image 'a.jpg'.*could not convert"),
        ("a.json", tasks(data={"one": "a", "two": "b"}), "address under data.image, found the keys one, two"),
    ],
)
def test_wrong_files_are_refused_in_words(tmp_path: Path, name: str, content: object, message: str) -> None:
    with pytest.raises(ForeignFileError, match=message):
        read_annotations(write(tmp_path / name, content))


@pytest.mark.parametrize(
    ("image", "known", "message"),
    [
        (DRAWN["coco polygon.json"], "cow", "there is no class 'cat' in the data"),
        (coco({"segmentation": {"size": [2, 2], "counts": [4]}}), "cat", "expected a mask of 4 x 6"),
        (coco({"segmentation": {"size": list(SIZE), "counts": "0"}}), "cat", "annotation 0"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_when_painted(
    tmp_path: Path, image: object, known: str, message: str
) -> None:
    found = read_annotations(write(tmp_path / "a.json", image))[0]
    with pytest.raises(ForeignFileError, match=message):
        paint(found, SIZE, ("background", known))


def test_a_cvat_mask_that_leaves_its_image_is_refused(tmp_path: Path) -> None:
    body = '<mask label="cat" rle="0, 8" left="5" top="1" width="4" height="2"/>'
    with pytest.raises(ForeignFileError, match="within the image"):
        paint(read_annotations(write(tmp_path / "a.xml", cvat(body)))[0], SIZE, CLASSES)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", cvat('<tag label="dog"/>'))
    first: AnnotatedImage = read_annotations(path)[0]
    write(path, cvat('<tag label="a cat"/>'))
    assert (first.tags, read_annotations(path)[0].tags) == (("dog",), ("a cat",))


def test_missing_sources_and_folders_without_xml_are_refused(tmp_path: Path) -> None:
    assert is_annotation_source(tmp_path)
    assert not is_annotation_source(tmp_path / "tags.csv")
    with pytest.raises(ForeignFileError, match="found no file"):
        read_annotations(tmp_path / "a.json")
    with pytest.raises(ForeignFileError, match="found none in the folder"):
        read_annotations(tmp_path)
