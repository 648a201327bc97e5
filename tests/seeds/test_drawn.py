"""Seeds from boxes, scribbles and points, files and drawings."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import unlabelled_ignored
from wsss_core.artifacts.manifest import Box, ImageRecord, Point
from wsss_core.data.drawing import deepest_pixel, drawn_points, drawn_scribbles, widened
from wsss_core.data.faults import DataError
from wsss_core.data.scribble_files import read_scribbles
from wsss_core.data.voc_files import read_boxes_json, read_points_json
from wsss_core.label_ids import IGNORE, UNLABELLED
from wsss_core.seeds import from_boxes, from_points, from_scribbles
from wsss_core.seeds.from_boxes import box_seed, cam_evidence, centre_evidence
from wsss_core.settings.drawn_seeds import FromBoxesSettings, FromPointsSettings, FromScribblesSettings

CLASSES = ("background", "cat", "dog")
LABELS = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 255]))


def test_unlabelled_is_not_ignored_until_someone_says_so():
    label = np.array([[0, UNLABELLED, IGNORE, 3]], np.uint8)
    assert unlabelled_ignored(label).tolist() == [[0, IGNORE, IGNORE, 3]]


def test_boxes_leave_the_rest_inside_unlabelled_and_the_outside_background():
    seed = box_seed((10, 12), [Box(2, 2, 10, 8, 1)], centre_evidence(0.5), 1.0)
    assert (seed[:2] == 0).all()
    assert (seed[:, 10:] == 0).all()
    assert (seed[3:6, 4:8] == 1).all()
    assert seed[2, 2] == UNLABELLED
    assert set(np.unique(seed)) == {0, 1, UNLABELLED}


def test_of_two_boxes_the_stronger_evidence_decides_and_the_smaller_of_equals():
    large, small = Box(0, 0, 8, 8, 1), Box(2, 2, 6, 6, 2)
    seed = box_seed((8, 8), [large, small], centre_evidence(1.0), 1.0)
    assert (seed[2:6, 2:6] == 2).all()
    assert (seed == 1).sum() == 48


def test_cams_are_stretched_inside_of_each_box():
    maps = np.zeros((1, 6, 6), np.float32)
    maps[0, :, 1:3], maps[0, :, 4:] = 0.1, 0.9
    row = CamRow("a", (6, 6), np.array([1], np.int32), (maps,), (6, 6), normalise=False)
    seed = box_seed((6, 6), [Box(0, 0, 4, 6, 1)], cam_evidence(row), 0.5)
    assert (seed[:, 1:3] == 1).all()
    assert (seed[:, [0, 3]] == UNLABELLED).all()
    assert (box_seed((6, 6), [Box(0, 0, 4, 6, 2)], cam_evidence(row), 0.5)[:, :4] == UNLABELLED).all()


@given(LABELS)
@settings(max_examples=40, deadline=None)
def test_drawings_lie_on_their_own_label_and_reach_every_piece(label_HW):
    for drawn in (drawn_scribbles(label_HW), drawn_points(label_HW), drawn_scribbles(label_HW, 0.3)):
        marked = drawn != UNLABELLED
        assert np.array_equal(drawn[marked], label_HW[marked])
        assert not (label_HW[marked] == IGNORE).any()
        for label in (0, 1):
            count, piece = cv2.connectedComponents((label_HW == label).astype(np.uint8))
            assert all((marked & (piece == number)).any() for number in range(1, count))


@given(LABELS, st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_small_pieces_get_no_click_and_no_stroke_but_no_label_is_lost(label_HW, least_px):
    clicked, stroked = drawn_points(label_HW, least_px), drawn_scribbles(label_HW, min_piece_px=least_px)
    for label in set(np.unique(label_HW)) - {IGNORE}:
        count, piece = cv2.connectedComponents((label_HW == label).astype(np.uint8))
        areas = [(piece == number).sum() for number in range(1, count)]
        wanted = [number for number, area in enumerate(areas, 1) if area >= min(least_px, max(areas))]
        assert sorted(piece[clicked == label]) == wanted
        assert sorted(set(piece[stroked == label])) == wanted


def test_shorter_scribbles_are_parts_of_longer_ones():
    label = np.zeros((20, 60), np.uint8)
    label[5:15, 5:55] = 1
    marks = [drawn_scribbles(label, length) == 1 for length in (0.2, 0.6, 1.0)]
    assert marks[0].sum() < marks[1].sum() < marks[2].sum()
    assert not (marks[0] & ~marks[2]).any()


def test_the_deepest_pixel_is_the_middle():
    mask = np.zeros((9, 9), bool)
    mask[1:8, 1:8] = True
    assert deepest_pixel(mask) == (4, 4)


def test_widened_strokes_do_not_cover_others_nor_ignored_pixels():
    drawn = np.full((5, 7), UNLABELLED, np.uint8)
    drawn[2, 2], drawn[2, 3], drawn[0, :] = 1, 2, IGNORE
    wide = widened(drawn, 3)
    assert (wide[2, 2], wide[2, 3]) == (1, 2)
    assert (wide[0] == IGNORE).all()
    assert (wide[1:4, 1] == 1).all()
    assert np.array_equal(widened(drawn, 1), drawn)


def scribble_png(folder: Path) -> Path:
    path = folder / "a.png"
    cv2.imwrite(str(path), np.array([[0, 1, 255, 254, 40]], np.uint8))
    return path


def test_255_in_a_png_is_what_the_settings_say(tmp_path):
    path = scribble_png(tmp_path)
    assert read_scribbles(path, (1, 5), CLASSES, off_255=True).tolist() == [[0, 1, 254, 254, 254]]
    assert read_scribbles(path, (1, 5), CLASSES, off_255=False).tolist() == [[0, 1, 255, 254, 254]]
    with pytest.raises(DataError, match=r"expected the size of its image, \(2, 5\), found \(1, 5\)"):
        read_scribbles(path, (2, 5), CLASSES, off_255=True)


XML = """<annotation><polygon><tag>dog</tag><point><X>1</X><Y>1</Y></point><point><X>5</X><Y>1</Y></point></polygon>
<polygon><tag>background</tag><point><X>0</X><Y>3</Y></point></polygon></annotation>"""


def test_strokes_of_scribblesup_are_drawn_and_faults_named(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(XML)
    drawn = read_scribbles(path, (5, 8), CLASSES, off_255=True)
    assert (drawn[1, 1:6] == 2).all()
    assert drawn[3, 0] == 0
    assert (drawn == UNLABELLED).sum() == 40 - 6
    for text, fault in (
        (XML.replace("dog", "dgo"), "unknown class 'dgo'; did you mean 'dog'"),
        (XML.replace("<Y>1</Y>", ""), "a point without Y"),
        ("<annotation>", "expected ScribbleSup's XML"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=fault):
            read_scribbles(path, (5, 8), CLASSES, off_255=True)
    with pytest.raises(DataError, match="found none"):
        read_scribbles(tmp_path / "b.xml", (5, 8), CLASSES, off_255=True)


def test_points_and_boxes_are_read_from_csv_and_from_objects(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("image,x,y,class\nid 1,3,4,cat\nid 1,0,0,background\n")
    found = read_points_json(points, CLASSES[1:], "background")
    assert found == {"id 1": (Point(3, 4, 1), Point(0, 0, 0))}
    objects = tmp_path / "points.json"
    objects.write_text(json.dumps({"a": [{"x": 7, "y": 8, "cls": 2, "rank": 1}]}))
    assert read_points_json(objects, CLASSES[1:], "background") == {"a": (Point(7, 8, 2),)}
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("image,xmin,ymin,xmax,ymax,class\na,1,2,3,4,dog\n")
    assert read_boxes_json(boxes) == {"a": [(1, 2, 3, 4, "dog")]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("image,x,class\n", "expected the columns image,x,y,class"),
        ("image,x,y,class\na,1,far,cat\n", "line 2: expected"),
    ],
)
def test_faulty_tables_are_named(tmp_path, text, fault):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=fault):
        read_points_json(path, CLASSES[1:], "background")


@pytest.fixture
def record(tmp_path) -> ImageRecord:
    manifest = write_tiny_data(tmp_path / "data")
    extra = {"boxes": (Box(8, 6, 26, 24, 1),), "points": (Point(12, 10, 1), Point(100, -3, 0))}
    return replace(manifest.records[0], **extra)


def run(module, settings, record, folder, rows=None):
    return module.processor(tiny_context(folder / "seeds", "seeds", settings))(record, rows or {}).label_HW


def test_stages_make_seeds_from_the_data_and_from_the_truth(tmp_path, record):
    points = run(from_points, FromPointsSettings.parse({"width_px": 3}, "seeds"), record, tmp_path)
    assert (points[9:12, 11:14] == 1).all()
    assert points[0, -1] == 0
    drawn = run(from_points, FromPointsSettings.parse({"source": "truth"}, "seeds"), record, tmp_path)
    strokes = run(from_scribbles, FromScribblesSettings.parse({"source": "truth"}, "seeds"), record, tmp_path)
    largest = {"source": "truth", "min_piece_px": 10_000}
    for made in (
        run(from_points, FromPointsSettings.parse(largest, "seeds"), record, tmp_path),
        run(from_scribbles, FromScribblesSettings.parse(largest, "seeds"), record, tmp_path),
    ):
        assert set(np.unique(made)) == {0, 1, UNLABELLED}
    for seed in (drawn, strokes):
        assert set(np.unique(seed)) == {0, 1, UNLABELLED}
    boxes = run(from_boxes, FromBoxesSettings(), record, tmp_path)
    assert boxes[15, 17] == 1
    assert boxes[30, 40] == 0


def test_missing_annotations_are_errors_that_say_what_to_do(tmp_path, record):
    bare = replace(record, boxes=(), points=(), truth=None)
    for module, chosen, fault in (
        (from_boxes, FromBoxesSettings(), "has tags but no box"),
        (from_points, FromPointsSettings(), "has no points"),
        (from_points, FromPointsSettings.parse({"source": "truth"}, "s"), "has no ground truth"),
        (from_scribbles, FromScribblesSettings(), "has no scribbles"),
        (from_scribbles, FromScribblesSettings.parse({"source": "truth"}, "s"), "has no ground truth"),
    ):
        with pytest.raises(ValueError, match=fault):
            run(module, chosen, bare, tmp_path)


def test_deep_scribble_pngs_of_few_classes_are_maps_of_bytes(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.array([[0, 1, 255, 65535]], np.uint16))
    found = read_scribbles(tmp_path / "a.png", (1, 4), CLASSES, off_255=True)
    assert found.tolist() == [[0, 1, UNLABELLED, UNLABELLED]]
    assert found.dtype == np.uint8
