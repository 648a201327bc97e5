"""Corrected masks: exported, changed in a tool, and back in as seeds of some images."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from foreign_stage import CLASSES, SIZE, context_of, write_manifest

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.coco_rle import write_coco_json
from wsss_core.exchange.corrections import correction_reader
from wsss_core.exchange.cvat_file import write_cvat_xml
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.label_studio_tasks import labelling_interface, task_of, write_label_studio_tasks
from wsss_core.seeds.corrected import processor
from wsss_core.stages.foreign_files import newest_correction

LABELS = np.random.default_rng(0).integers(0, len(CLASSES), SIZE).astype(np.uint8)
RECORDS = {name: ImageRecord(name, f"/photos/{name}.jpg", *SIZE, ("train",), 0) for name in ("deep/a", "b")}
ROWS = [LabelRow("deep/a", LABELS)]


def label_studio(path: Path) -> Path:
    """Tasks, exported with the annotations that somebody made of the predictions."""
    write_label_studio_tasks(ROWS, RECORDS, CLASSES, path, "wsss e/seeds")
    tasks = json.loads(path.read_text())
    path.write_text(json.dumps([{**task, "annotations": task.pop("predictions")} for task in tasks]))
    return path


def cvat(path: Path) -> Path:
    write_cvat_xml(ROWS, RECORDS, CLASSES, path)
    return path


def coco(path: Path) -> Path:
    write_coco_json(ROWS, RECORDS, CLASSES, path)
    return path


def coco_polygons(path: Path) -> Path:
    write_coco_json(ROWS, RECORDS, CLASSES, path, polygons=True)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [(label_studio, "a.json"), (cvat, "a.xml"), (coco, "a.json"), (coco_polygons, "a.json")],
)
def test_what_export_writes_comes_back_pixel_by_pixel(tmp_path: Path, write: Callable[[Path], Path], name: str) -> None:
    read = correction_reader(write(tmp_path / name), CLASSES, empty_is_background=False, image_ids=RECORDS)
    np.testing.assert_array_equal(read(RECORDS["deep/a"]), LABELS)
    assert read(RECORDS["b"]) is None


def test_ignored_pixels_and_background_have_no_mask() -> None:
    row = LabelRow("b", np.array([[0, 255], [2, 254]], np.uint8))
    task = task_of(row, "/photos/b c.jpg", CLASSES, "m")
    [result] = task["predictions"][0]["result"]  # type: ignore[index]
    assert result["value"]["brushlabels"] == ["dog"]
    assert task["data"] == {"image": "/data/local-files/?d=photos/b%20c.jpg", "wsss_id": "b"}


@pytest.mark.parametrize(
    ("write", "name"), [(write_label_studio_tasks, "a.json"), (write_cvat_xml, "a.xml"), (write_coco_json, "a.json")]
)
def test_unlabelled_pixels_are_exported_as_nothing(tmp_path: Path, write: Callable[..., int], name: str) -> None:
    row = LabelRow("b", np.where(LABELS == 1, np.uint8(254), LABELS))
    more = ("m",) if write is write_label_studio_tasks else ()
    assert write([row], RECORDS, CLASSES, tmp_path / name, *more) == 1
    if more:
        tasks = json.loads((tmp_path / name).read_text())
        (tmp_path / name).write_text(json.dumps([{**task, "annotations": task["predictions"]} for task in tasks]))
    read = correction_reader(tmp_path / name, CLASSES, empty_is_background=False, image_ids=RECORDS)
    np.testing.assert_array_equal(read(RECORDS["b"]), np.where(LABELS == 1, 0, LABELS))


def test_cvat_is_told_its_labels_and_no_number_of_a_frame(tmp_path: Path) -> None:
    """Images whose name a task does not have would be taken for the frame of that number."""
    write_cvat_xml(ROWS, RECORDS, ("background", "cat", "a <b>", "cow"), tmp_path / "a.xml")
    root = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert [name.text for name in root.iterfind("meta/task/labels/label/name")] == ["cat", "a <b>", "cow"]
    [image] = root.iter("image")
    assert image.get("name") == "deep/a.jpg"
    assert int(image.get("id", "0")) >= 1_000_000_000


def test_the_labelling_interface_names_every_class_in_its_colour() -> None:
    colours = np.arange(12, dtype=np.uint8).reshape(4, 3)
    text = labelling_interface(("background", "cat", 'a "b" <c>', "dog"), colours)
    assert text.count("<Label ") == 3
    assert 'value="cat" background="#030405"' in text
    assert "&lt;c&gt;" in text


def test_a_folder_holds_the_masks_of_some_images(tmp_path: Path) -> None:
    (tmp_path / "deep%2Fa.png").write_bytes(encode_label_png(LABELS))
    read = correction_reader(tmp_path, CLASSES, empty_is_background=False, image_ids=RECORDS)
    np.testing.assert_array_equal(read(RECORDS["deep/a"]), LABELS)
    assert read(RECORDS["b"]) is None


def test_an_image_without_shapes_is_not_corrected_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<annotations><image id="0" name="b.jpg" width="5" height="6"/></annotations>')
    assert correction_reader(path, CLASSES, empty_is_background=False, image_ids=RECORDS)(RECORDS["b"]) is None
    np.testing.assert_array_equal(
        correction_reader(path, CLASSES, empty_is_background=True, image_ids=RECORDS)(RECORDS["b"]),
        np.zeros(SIZE, np.uint8),
    )


def test_two_images_for_one_id_are_refused(tmp_path: Path) -> None:
    image = '<image id="0" name="{}/b.jpg" width="5" height="6"><polygon label="cat" points="0,0;1,0;1,1"/></image>'
    path = tmp_path / "a.xml"
    path.write_text(f"<annotations>{image.format('x')}{image.format('y')}</annotations>")
    with pytest.raises(ForeignFileError, match="2 images are called 'b'"):
        correction_reader(path, CLASSES, empty_is_background=False, image_ids=RECORDS)(RECORDS["b"])


def test_a_file_of_other_images_is_refused(tmp_path: Path) -> None:
    read = correction_reader(cvat(tmp_path / "a.xml"), CLASSES, empty_is_background=False, image_ids=("deep/a", "c"))
    assert read(RECORDS["b"]) is None
    with pytest.raises(ForeignFileError, match=r"found 1 images of other names, such as 'deep/a.jpg'"):
        correction_reader(tmp_path / "a.xml", CLASSES, empty_is_background=False, image_ids=("dogs/a",))


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match="found neither"):
        correction_reader(tmp_path / "none", CLASSES, empty_is_background=False, image_ids=RECORDS)


def test_the_stage_takes_corrections_where_there_are_some(tmp_path: Path) -> None:
    (tmp_path / "fixed").mkdir()
    (tmp_path / "fixed/a.png").write_bytes(encode_label_png(LABELS))
    data = write_manifest(tmp_path, "a", "b")
    process = processor(context_of(tmp_path, "seeds", "corrected", data, corrections=str(tmp_path / "fixed")))
    for name, expected in (("a", LABELS), ("b", np.zeros(SIZE, np.uint8))):
        record = ImageRecord(name, f"{name}.jpg", *SIZE, ("train",), 0)
        seed = LabelRow(name, np.zeros(SIZE, np.uint8), np.full(SIZE, 7, np.uint8))
        row = process(record, {"seeds": seed})
        assert isinstance(row, LabelRow)
        np.testing.assert_array_equal(row.label_HW, expected)
        assert row.confidence_HW is not None
        assert set(np.unique(row.confidence_HW)) == ({255} if name == "a" else {7})


def test_the_newest_correction_stands_for_all(tmp_path: Path) -> None:
    assert newest_correction(tmp_path) == []
    assert newest_correction(tmp_path / "none.json") == []
    (tmp_path / "a.png").touch()
    assert newest_correction(tmp_path) == [tmp_path / "a.png"]
    assert newest_correction(tmp_path / "a.png") == [tmp_path / "a.png"]
