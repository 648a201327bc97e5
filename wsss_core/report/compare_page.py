"""Several experiments on one page that needs nothing but itself: their figures, and images through all their stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from wsss_core.artifacts.manifest import Manifest
from wsss_core.report.charts import Bars, bar_chart
from wsss_core.report.gallery import PICTURED_KINDS, Card, GalleryMaker, Picture
from wsss_core.report.pictures import css_colour
from wsss_core.report.stages import StageFacts
from wsss_core.report.template import template_text

PICTURE_PX, JPEG_QUALITY = 480, 78


@dataclass(frozen=True)
class Point:
    """One figure in percent, or None. `stage`: its name within its experiment."""

    experiment: str
    stage: str
    split: str
    percent: float | None


@dataclass(frozen=True)
class Chart:
    """Bars in percent (or None): name of a bar -> a value for each group."""

    title: str
    groups: Sequence[str]
    bars: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Table:
    """What is compared: a table in words, of which the last `numbers` columns are figures, and charts of them."""

    figure: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int
    charts: Sequence[Chart]


@dataclass(frozen=True)
class Step:
    """Pictures that are looked at together: what each experiment made of an image in the stage of one name."""

    name: str
    pictures: Sequence[Picture]


def image_cards(
    manifest: Manifest, stages: Sequence[StageFacts], count: int
) -> tuple[list[Card], list[tuple[str, str, str]]]:
    """The first `count` images with ground truth (else the first ones) through the stages, and the legend in CSS.

    Stages appear under their names; those of other kinds than maps and labels are left out.
    """
    usable = [record for record in manifest.records if record.skipped is None]
    chosen = ([record for record in usable if record.truth] or usable)[:count]
    maker = GalleryMaker(manifest, [one for one in stages if one.kind in PICTURED_KINDS], PICTURE_PX, JPEG_QUALITY)
    cards = [maker.card(record.image_id, None) for record in chosen]
    labels = sorted({label for card in cards for label in card.labels})
    return cards, [(name, css_colour(voc), css_colour(safe)) for name, voc, safe in maker.legend(labels)]


def steps(card: Card) -> list[Step]:
    """The pictures of a card by the name of their stage, in the order in which they first appear, the truth last."""
    found: dict[str, list[Picture]] = {}
    for picture in card.pictures:
        found.setdefault(picture.title.rpartition("/")[2], []).append(picture)
    return [Step(name, pictures) for name, pictures in found.items()]


def charts(figure: str, points: Sequence[Point]) -> list[Chart]:
    """Of one experiment, bars of its splits side by side; of several, a chart for each split with their bars."""
    experiments = list(dict.fromkeys(point.experiment for point in points))
    splits = list(dict.fromkeys(point.split for point in points))
    if len(experiments) == 1:
        return [_chart(f"{figure} per stage and split, in percent", points, splits, "split")]
    by_split = {split: [point for point in points if point.split == split] for split in splits}
    return [
        _chart(f"{figure} on {split}, in percent", here, experiments, "experiment") for split, here in by_split.items()
    ]


def _chart(title: str, points: Sequence[Point], names: Sequence[str], key: str) -> Chart:
    known = [point for point in points if point.percent is not None]
    stages = list(dict.fromkeys(point.stage for point in known))
    values = {(getattr(point, key), point.stage): point.percent for point in known}
    return Chart(title, stages, {name: [values.get((name, stage)) for stage in stages] for name in names})


def _drawn(chart: Chart, figure: str) -> Markup:
    return Markup(bar_chart(chart.title, figure, chart.groups, [Bars(*pair) for pair in chart.bars.items()]))


def render(
    title: str, table: Table, notes: Sequence[str], cards: Sequence[Card], legend: Sequence[tuple[str, str, str]]
) -> str:
    """HTML text of the page; the same inputs give the same text."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("compare.html.j2").render(
        title=title,
        table=table,
        notes=notes,
        charts=[_drawn(chart, table.figure) for chart in table.charts],
        images=[(card.image_id, steps(card)) for card in cards],
        legend=legend,
    )
