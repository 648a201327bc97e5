"""The report: one HTML page that needs nothing but itself, with its figures beside it as CSV and JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from wsss_core.artifacts.atomic import write_json, write_text
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.file_names import CARD_NAME, WEIGHTS_NAME
from wsss_core.label_ids import is_class
from wsss_core.report import tables
from wsss_core.report.conditions import conditions
from wsss_core.report.figures import StageFigures, figures_of_all, flat_rows, to_csv
from wsss_core.report.gallery import Card, GalleryMaker, choose, ranking
from wsss_core.report.graph import stage_graph
from wsss_core.report.history import charts_of
from wsss_core.report.notes import collect_notes
from wsss_core.report.pictures import css_colour
from wsss_core.report.stages import SHOWN_ELSEWHERE, StageFacts, anchor, in_order, read_facts
from wsss_core.report.template import template_text
from wsss_core.settings.report import HtmlReportSettings
from wsss_core.stages.context import StageContext

PAGE_NAME, CSV_NAME, JSON_NAME = "report.html", "figures.csv", "figures.json"
EVALUATION, REPORT = "evaluation", "report"
LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Gallery:
    """Cards by group; `legend`: (class, colour, colour-blind-safe colour) as CSS colours."""

    stage: str
    split: str
    groups: Mapping[str, Sequence[Card]]
    legend: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class StageSection:
    """What the page shows of one stage."""

    facts: StageFacts
    figures: StageFigures | None
    charts: Sequence[str]
    settings: str
    record: str
    network: str
    network_sha256: str


def build(context: StageContext) -> None:
    """Write `report.html`, `figures.csv` and `figures.json` into the stage's folder, each atomically.

    Inputs: `data`, the evaluation stages, and all other stages by name. Raises FileNotFoundError or `ArtifactError`
    when a stage that should be shown has no readable results.
    """
    settings = context.typed_settings(HtmlReportSettings)
    evaluations, stages = _read_inputs(context)
    figures = figures_of_all(evaluations, [stage.name for stage in stages], context.experiment)
    rows = flat_rows(figures, settings.expected)
    gallery = make_gallery(context.manifest, stages, figures, settings, context.seed)
    page = render(context, settings, stages, figures, gallery)
    write_text(context.folder / CSV_NAME, to_csv(rows))
    write_json(context.folder / JSON_NAME, {"experiment": context.experiment, "figures": rows})
    write_text(context.folder / PAGE_NAME, page)


def _read_inputs(context: StageContext) -> tuple[list[Path], tuple[StageFacts, ...]]:
    """Folders of the evaluations, and the facts of all other stages, upstream first."""
    kinds = {slot: context.input_kinds.get(slot, EVALUATION if slot == EVALUATION else "") for slot in context.inputs}
    evaluations = [folder for slot, folder in context.inputs.items() if kinds[slot] == EVALUATION]
    folders = dict.fromkeys(folder for folder in context.inputs.values() if folder not in evaluations)
    return evaluations, in_order(read_facts(folder, context.experiment) for folder in folders)


def make_gallery(
    manifest: Manifest,
    stages: Sequence[StageFacts],
    figures: Sequence[StageFigures],
    settings: HtmlReportSettings,
    seed: int,
) -> Gallery | None:
    """The gallery, sorted by the last evaluated stage; None when it is switched off or no image was scored."""
    stage, split = ranking(figures, stages, settings.gallery_split)
    if not stage or not settings.gallery_images:
        return None
    by_name = {entry.stage: entry for entry in figures}
    scores = {name: score for (name, where), score in by_name[stage].image_scores.items() if where == split}
    maker = GalleryMaker(manifest, stages, settings.thumbnail_px, settings.jpeg_quality)
    chosen = choose(scores, settings.gallery_images, seed)
    groups = {group: [maker.card(name, scores[name]) for name in names] for group, names in chosen.items()}
    labels = sorted({label for cards in groups.values() for card in cards for label in card.labels})
    legend = [(name, css_colour(voc), css_colour(safe)) for name, voc, safe in maker.legend(labels)]
    return Gallery(stage, split, groups, legend)


def render(
    context: StageContext,
    settings: HtmlReportSettings,
    stages: Sequence[StageFacts],
    figures: Sequence[StageFigures],
    gallery: Gallery | None,
) -> str:
    """HTML text of the page; the same inputs give the same text."""
    by_name = {entry.stage: entry for entry in figures}
    node_figures = {stage.name: tables.node_figure(by_name.get(stage.name)) for stage in stages}
    times = {stage.name: tables.duration(seconds) for stage in stages if (seconds := stage.number("wall_s"))}
    subset = next((entry.class_subset for entry in figures if entry.class_subset), ())
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=settings.title or context.experiment,
            experiment=context.experiment,
            manifest=context.manifest,
            class_count=sum(is_class(label) for label in range(len(context.manifest.classes))),
            split_counts=_split_counts(context.manifest),
            notes=collect_notes(figures, context.manifest),
            graphs=[Markup(stage_graph(stages, node_figures, times, down)) for down in (False, True)],
            headline=tables.headline_rows(figures, settings.expected),
            headline_chart=Markup(tables.headline_chart(figures)),
            expected_source=settings.expected_source,
            has_expected=bool(settings.expected),
            conditions=conditions(figures, stages, context.manifest, settings.expected),
            has_ap=any(split.ap50 is not None for entry in figures for split in entry.splits.values()),
            subset=subset,
            threshold_charts=[Markup(chart) for chart in tables.threshold_charts(figures)],
            class_tables=tables.class_tables(figures),
            gallery=gallery,
            sections=[_section(stage, by_name.get(stage.name)) for stage in stages],
            by_ref={stage.ref: stage for stage in stages},
            skipped=context.manifest.skipped(),
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": tables.percent,
        "plain": tables.plain,
        "signed": tables.signed,
        "anchor": anchor,
        "duration": tables.duration,
        "memory": tables.memory,
    }
    return environment


def _split_counts(manifest: Manifest) -> dict[str, int]:
    counts: dict[str, int] = {}
    for record in manifest.records:
        for split in record.splits if record.skipped is None else ():
            counts[split] = counts.get(split, 0) + 1
    return counts


def _section(stage: StageFacts, figures: StageFigures | None) -> StageSection:
    record = {key: value for key, value in stage.record.items() if key not in (*SHOWN_ELSEWHERE, "settings")}
    about, network = stage.folder / CARD_NAME, stage.folder / WEIGHTS_NAME
    return StageSection(
        facts=stage,
        figures=figures,
        charts=[Markup(chart) for chart in charts_of(stage.folder)],
        settings=_pretty(stage.record.get("settings", {})),
        record=_pretty(record),
        network=about.read_text(encoding="utf-8")[:LONGEST_TEXT] if about.is_file() else "",
        network_sha256=_sha256(network) if network.is_file() else "",
    )


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
