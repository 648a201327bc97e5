"""Several experiments on one page that needs nothing but itself: their figures, and images through all their stages."""

from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from wsss_core.artifacts.manifest import Manifest
from wsss_core.report.charts import Bars, bar_chart
from wsss_core.report.gallery import PICTURED_KINDS, Card, GalleryMaker
from wsss_core.report.pictures import css_colour
from wsss_core.report.stages import StageFacts
from wsss_core.report.template import template_text

PICTURE_PX, JPEG_QUALITY = 480, 78


@dataclass(frozen=True)
class Table:
    """What is compared. `bars`: split -> a figure in percent (or None) of each row."""

    figure: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: Sequence[str]
    bars: dict[str, list[float | None]]


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


def render(
    title: str, table: Table, notes: Sequence[str], cards: Sequence[Card], legend: Sequence[tuple[str, str, str]]
) -> str:
    """HTML text of the page; the same inputs give the same text."""
    bars = [Bars(split, values) for split, values in table.bars.items()]
    chart = (
        bar_chart(f"{table.figure} per stage and split, in percent", table.figure, table.names, bars) if bars else ""
    )
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("compare.html.j2").render(
        title=title,
        figure=table.figure,
        head=table.head,
        rows=table.rows,
        notes=notes,
        chart=Markup(chart),
        cards=cards,
        legend=legend,
    )
