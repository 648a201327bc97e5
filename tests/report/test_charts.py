"""Charts are valid SVG that says in words what it shows."""

import itertools
import math
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.report.charts import LEFT, RIGHT, Bars, Series, bar_chart, line_chart, ticks


def elements(figure: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(figure).iter(tag))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_even_and_cover_the_range(low: float, extent: float) -> None:
    found = ticks(low, low + extent)
    assert 2 <= len(found) <= 12
    assert found[0] <= low + 1e-6 * extent
    assert found[-1] >= low + extent * (1 - 1e-6)
    steps = [right - left for left, right in itertools.pairwise(found)]
    assert max(steps) - min(steps) <= 1e-6 * max(abs(found[0]), abs(found[-1]), extent)


def test_ticks_are_round_numbers() -> None:
    assert ticks(0, 0.6) == [0, 0.2, 0.4, 0.6]
    assert ticks(0, 93) == [0, 20, 40, 60, 80, 100]
    assert ticks(3, 3)[0] <= 3 < ticks(3, 3)[-1]


@pytest.mark.parametrize("x", [0.0, 1.0, 2e4, 1e9])
def test_a_single_point_is_drawn_in_the_middle_wherever_it_lies(x: float) -> None:
    (line,) = elements(line_chart("t", "x", "y", [Series("a", [x], [1.0])]), "polyline")
    place, _ = (float(number) for number in line.attrib["points"].split(","))
    assert place == pytest.approx((LEFT + 430 - RIGHT) / 2)


def test_a_higher_value_is_drawn_higher_and_a_larger_x_further_right() -> None:
    chart = line_chart("t", "x", "y", [Series("a", [0, 1, 2], [0.0, 5.0, 10.0])])
    (line,) = elements(chart, "polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert points == sorted(points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)


def test_marks_lie_on_their_line_and_say_their_values() -> None:
    chart = line_chart("t", "x", "y", [Series("train", [0, 1, 2], [1.0, 3.0, 2.0], mark=(1, 3.0))])
    (mark,) = elements(chart, "circle")
    points = elements(chart, "polyline")[0].attrib["points"].split()
    assert f"{mark.attrib['cx']},{mark.attrib['cy']}" == points[1]
    assert "train: 3 at 1" in chart


@pytest.mark.parametrize("values", [[], [math.nan, math.inf]])
def test_a_line_without_finite_values_is_drawn_empty(values: list[float]) -> None:
    chart = line_chart("t", "x", "y", [Series("a", list(range(len(values))), values)])
    assert elements(chart, "polyline")[0].attrib["points"] == ""
    assert "a: no values" in chart


def test_bars_have_heights_in_proportion_and_none_where_there_is_no_figure() -> None:
    chart = bar_chart("t", "y", ["cams", "seeds"], [Bars("train", [20.0, 40.0]), Bars("val", [None, 10.0])])
    heights = [float(bar.attrib["height"]) for bar in elements(chart, "rect")]
    assert len(heights) == 3
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.11)
    assert heights[2] == pytest.approx(heights[0] / 2, abs=0.11)
    assert "cams: train 20.0, val none; seeds: train 40.0, val 10.0" in chart


def test_bars_without_any_figure_or_all_zero_are_no_error() -> None:
    assert elements(bar_chart("t", "y", [], []), "rect") == []
    zero = elements(bar_chart("t", "y", ["a"], [Bars("train", [0.0])]), "rect")
    assert [bar.attrib["height"] for bar in zero] == ["0.0"]


def test_names_are_escaped() -> None:
    chart = bar_chart("a<b", 'y & "z"', ["<script>"], [Bars("x<y", [1.0])])
    assert "<script>" not in chart
    assert "a<b" not in chart
    assert elements(chart, "figcaption")[0].text == "a<b"


def test_names_without_room_are_slanted_and_stay_within_the_picture() -> None:
    names = [f"seeds_of_the_cams_number_{number}" for number in range(9)]
    chart = bar_chart("t", "y", names, [Bars("train", [10.0] * 9), Bars("val", [20.0] * 9)])
    turned = [text for text in elements(chart, "text") if text.attrib.get("transform", "").startswith("rotate(-30")]
    assert [text.text for text in turned] == names
    (svg,) = elements(chart, "svg")
    height = float(svg.attrib["viewBox"].split()[3])
    lowest = max(float(text.attrib["y"]) for text in turned) + len(names[0]) * 6 * math.sin(math.radians(30))
    assert lowest <= height
    assert "rotate(-30" not in bar_chart("t", "y", ["cams", "seeds"], [Bars("val", [1.0, 2.0])])


def test_many_bars_make_a_wider_picture_so_that_their_values_stay_apart() -> None:
    chart = bar_chart("t", "y", list("abcdefghijkl"), [Bars(str(number), [1.0] * 12) for number in range(6)])
    places = sorted(float(text.attrib["x"]) for text in elements(chart, "text") if text.attrib.get("class") == "value")
    assert min(right - left for left, right in itertools.pairwise(places)) > 20
