"""Masks in colours."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from wsss_core.data.labels import voc_palette
from wsss_core.exchange.coloured_masks import read_colour_table, read_coloured_mask
from wsss_core.exchange.errors import ForeignFileError

DATA = Path(__file__).parent / "data"
TABLE = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nbig cat:51,221,255::\nGröße: klein:1,2,3::\n"
COLOURS = np.array([(0, 0, 0), (51, 221, 255), (1, 2, 3)], np.uint8)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=7), elements={"max_value": 2}))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_colours_become_label_ids_in_the_order_of_the_table(tmp_path: Path, label_HW: np.ndarray) -> None:
    table = read_colour_table(write(tmp_path / "labelmap.txt", TABLE))
    assert table.classes == ("big cat", "Größe: klein")
    Image.fromarray(COLOURS[label_HW]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_coloured_mask(tmp_path / "a.png", table), label_HW)


def test_what_datumaro_wrote_is_read() -> None:
    """Written by datumaro 1.13.12 as `voc_segmentation`, whose table has no colours."""
    table = read_colour_table(DATA / "datumaro_labelmap.txt")
    label_HW = read_coloured_mask(DATA / "datumaro_mask.png", table)
    assert table.classes == ("big cat", "Größe, klein", 'dog "x" <y>')
    expected = [[1, 1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 2, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0]]
    expected += [[0, 0, 0, 0, 0, 0, 3, 3], [0, 0, 0, 0, 0, 0, 3, 3], [0, 1, 1, 0, 0, 0, 0, 3]]
    np.testing.assert_array_equal(label_HW, expected)


def test_without_a_line_for_it_black_is_the_background(tmp_path: Path) -> None:
    table = read_colour_table(write(tmp_path / "labelmap.txt", "cat:5,5,5::\n"))
    assert table.labels == {(0, 0, 0): 0, (5, 5, 5): 1}


def test_tables_without_colours_have_vocs(tmp_path: Path) -> None:
    table = read_colour_table(write(tmp_path / "labelmap.txt", "background:::\ncat:::\ndog:::\n"))
    assert {label: colour for colour, label in table.labels.items()} == {
        label: tuple(voc_palette()[label].tolist()) for label in range(3)
    }


def test_a_254th_class_has_the_label_id_256(tmp_path: Path) -> None:
    lines = [f"class {number}:{number // 256},{number % 256},9::" for number in range(1, 301)]
    table = read_colour_table(write(tmp_path / "labelmap.txt", "\n".join(["background:0,0,0::", *lines])))
    assert len(table.classes) == 300
    colours = np.array([(0, 0, 0), (0, 253, 9), (0, 254, 9), (1, 44, 9)], np.uint8)
    Image.fromarray(colours[None]).save(tmp_path / "a.png")
    assert read_coloured_mask(tmp_path / "a.png", table).tolist() == [[0, 253, 256, 302]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat\n", "not enough values"),
        ("cat:1,2::\n", "the colour '1,2'"),
        ("cat:1,2,300::\n", "the colour '1,2,300'"),
        ("cat:a,b,c::\n", "invalid literal"),
        ("cat:1,1,1::\ndog:1,1,1::\n", "2 names and 1 colours in 2 lines"),
        ("cat:1,1,1::\ncat:2,2,2::\n", "1 names and 2 colours in 2 lines"),
        ("background:0,0,0::\n", "1 names and 1 colours in 1 lines"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ForeignFileError, match=f"labelmap.txt: expected .*{message}"):
        read_colour_table(write(tmp_path / "labelmap.txt", text))


def test_unknown_colours_damage_and_missing_tables_are_refused(tmp_path: Path) -> None:
    table = read_colour_table(write(tmp_path / "labelmap.txt", TABLE))
    Image.fromarray(np.full((2, 2, 3), 9, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(ForeignFileError, match=r"a.png: .* found 1 others, such as \(9, 9, 9\)"):
        read_coloured_mask(tmp_path / "a.png", table)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ForeignFileError, match=r"a.png: expected a PNG"):
        read_coloured_mask(tmp_path / "a.png", table)
    with pytest.raises(ForeignFileError, match="No such file"):
        read_colour_table(tmp_path / "none.txt")
