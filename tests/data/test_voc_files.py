"""XML annotations and JSON side files of VOC folders."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.manifest import Box, Point
from wsss_core.data import voc_files
from wsss_core.data.faults import DataError, join_faults

CLASSES = ("cat", "tv & video")
BOXES = st.lists(
    st.builds(
        lambda x, y, w, h, label: Box(float(x), float(y), float(x + w), float(y + h), label),
        *(st.integers(0, 300), st.integers(0, 300), st.integers(1, 99), st.integers(1, 99), st.integers(1, 2)),
    ),
    max_size=4,
)


@given(BOXES)
def test_boxes_survive_the_way_through_vocs_counting(boxes: list[Box]) -> None:
    named = voc_files.to_voc_boxes(boxes, CLASSES)
    assert voc_files.from_voc_boxes(named, CLASSES, "here") == tuple(boxes)


def test_written_annotation_is_read_back(tmp_path: Path) -> None:
    named = [(1.0, 2.0, 30.0, 40.0, "cat"), (5.0, 6.0, 7.0, 8.0, "tv & video")]
    (tmp_path / "a.xml").write_text(voc_files.write_annotation("a", "a.jpg", (50, 60), named))
    assert voc_files.read_annotation(tmp_path / "a.xml") == named


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation><object>", "expected a VOC annotation"),
        ("<annotation><object><name>cat</name></object></annotation>", "without name or bndbox"),
        (
            "<annotation><object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
            "without one of xmin, ymin",
        ),
        (
            "<annotation><object><name>cat</name><bndbox><xmin>a</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax>"
            "</bndbox></object></annotation>",
            "could not convert",
        ),
    ],
)
def test_broken_annotations_are_refused_with_their_path(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(DataError, match=rf"a\.xml.*{message}"):
        voc_files.read_annotation(tmp_path / "a.xml")


def test_missing_annotation_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose another `tag_source`"):
        voc_files.read_annotation(tmp_path / "a.xml")


def test_absent_side_files_mean_nothing_known(tmp_path: Path) -> None:
    assert voc_files.read_boxes_json(tmp_path / "boxes.json") == {}
    assert voc_files.read_points_json(tmp_path / "points.json", CLASSES, "background") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected JSON"),
        ("[]", r"expected \{image id: \[...\], ...\}, found \[\]"),
        ('{"a": 3}', "a: expected a list of rows, each of 4 numbers and a class name, found 3"),
        ('{"a": [3]}', "found \\[3\\]"),
        ('{"a": [[1, 2, "cat"]]}', "a: expected a list of rows"),
        ('{"a": [[1, 2, "3", 4, "cat"]]}', "a: expected a list of rows"),
        ('{"a": [[1, 2, NaN, 4, "cat"]]}', "a: expected a list of rows"),
        ('{"a": [[1, 2, 3, 4, 5]]}', "a: expected a list of rows"),
        ('{"a": ["12345"]}', "a: expected a list of rows"),
    ],
)
def test_broken_side_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(DataError, match=rf"boxes\.json.*{message}"):
        voc_files.read_boxes_json(tmp_path / "boxes.json")


def test_points_name_classes_or_the_background(tmp_path: Path) -> None:
    (tmp_path / "points.json").write_text('{"a": [[1, 2.5, "cat"], [0, 0, "background"]]}')
    points = voc_files.read_points_json(tmp_path / "points.json", CLASSES, "background")
    assert points == {"a": (Point(1.0, 2.5, 1), Point(0.0, 0.0, 0))}
    (tmp_path / "points.json").write_text('{"a": [[1, 2.5, "kat"]]}')
    with pytest.raises(DataError, match="unknown class 'kat'; did you mean 'cat'"):
        voc_files.read_points_json(tmp_path / "points.json", CLASSES, "background")


def test_many_faults_are_counted_and_the_first_shown() -> None:
    error = str(join_faults("bad images", [f"image {number}" for number in range(9)], "mend them"))
    assert error.startswith("9 bad images (the first 5):")
    assert "image 4" in error
    assert "image 5" not in error
    assert error.endswith("To do: mend them.")
