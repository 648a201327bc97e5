"""Several experiments on one page: bars beside each other, pictures of one stage together."""

import re

from wsss_core.report.compare_page import Chart, Point, Step, Table, charts, render, steps
from wsss_core.report.gallery import Card, Picture


def picture(title: str, safe: str = "") -> Picture:
    return Picture(title, f"data:{title}", safe, f"words of {title}")


def card(*titles: str) -> Card:
    return Card("2007_1", None, ("cat",), tuple(map(picture, titles)), frozenset({0, 1}))


def table(*points: Point) -> Table:
    return Table("mIoU", ["stage", "val"], [["seeds", "50.0"]], 1, charts("mIoU", points))


POINTS = (
    Point("one", "cams", "train", 40.0),
    Point("one", "cams", "val", 41.0),
    Point("one", "seeds", "val", 50.0),
    Point("two", "cams", "val", 42.0),
    Point("two", "seeds", "val", None),
)


def test_pictures_of_one_stage_stand_together_and_the_truth_is_last() -> None:
    found = steps(card("image", "a/cams", "a/seeds", "b/cams", "b/sams", "truth"))
    assert [step.name for step in found] == ["image", "cams", "seeds", "sams", "truth"]
    assert [one.title for one in found[1].pictures] == ["a/cams", "b/cams"]
    assert found[4] == Step("truth", [picture("truth")])


def test_several_experiments_have_a_chart_for_each_split() -> None:
    assert charts("mIoU", POINTS) == [
        Chart("mIoU on train, in percent", ["cams"], {"one": [40.0], "two": [None]}),
        Chart("mIoU on val, in percent", ["cams", "seeds"], {"one": [41.0, 50.0], "two": [42.0, None]}),
    ]


def test_one_experiment_has_its_splits_beside_each_other() -> None:
    [chart] = charts("mIoU", POINTS[:3])
    assert chart.groups == ["cams", "seeds"]
    assert chart.bars == {"train": [40.0, None], "val": [41.0, 50.0]}


def test_the_page_needs_nothing_but_itself_and_escapes_names() -> None:
    page = render("a <b>", table(*POINTS), ["a note <i>"], [card("image", "a/cams")], [("cat <c>", "red", "blue")])
    for name in ("a &lt;b&gt;", "a note &lt;i&gt;", "cat &lt;c&gt;"):
        assert name in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count('class="pictures"') == 2
    assert re.findall(r"<title>([^<]+: [^<]+)</title>", page) == ["one: 40.0", "one: 41.0", "two: 42.0", "one: 50.0"]
    assert '<td class="n">50.0</td>' in page


def test_a_page_without_images_has_no_viewer() -> None:
    assert 'id="images"' not in render("t", table(*POINTS), [], [], [])
