"""Figures by combination: whose maps (rows) became labels by which rule, and which segmenter learnt them (columns)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wsss_core.report.stages import StageFacts, read_facts

MAP_KINDS = ("cams", "refined_cams")
MAPS_ALONE = "the maps"
"""Column of maps themselves, at their best threshold as evaluated."""
TAGS_ALONE = "tags alone"
"""Row of segmenters that learn without maps."""


@dataclass(frozen=True)
class Combination:
    """`maps`: ref of the CAMs; `rule`: method of the labels, with " + <segmenter>" for predictions."""

    maps: str
    rule: str


@dataclass(frozen=True)
class Cell:
    """A combination and its figure, a share or None."""

    combination: Combination
    figure: float | None


def combination_of(results: Path, ref: str) -> Combination | None:
    """What the stage `ref` ("experiment/stage") in the results folder was made of; None if not of maps and not of tags.

    Raises `FileNotFoundError` where a stage that it was made from has no results, `ArtifactError` for a damaged record.
    """
    facts = read_facts(results / ref, "")
    if facts.kind in MAP_KINDS:
        return Combination(ref, MAPS_ALONE)
    if facts.kind == "predictions":
        return _of_predictions(results, facts)
    maps = _first(facts, "cams")
    return Combination(maps, facts.method) if facts.kind == "seeds" and maps else None


def _of_predictions(results: Path, facts: StageFacts) -> Combination | None:
    segmenter_ref = _first(facts, "segmenter")
    if segmenter_ref is None:
        return None
    segmenter = read_facts(results / segmenter_ref, "")
    seeds = _first(segmenter, "seeds")
    labels = combination_of(results, seeds) if seeds else Combination(TAGS_ALONE, "")
    return labels and Combination(labels.maps, " + ".join(filter(None, (labels.rule, segmenter.method))))


def _first(facts: StageFacts, slot: str) -> str | None:
    return next(iter(facts.inputs.get(slot, ())), None)


def table(cells: Sequence[Cell]) -> tuple[list[str], list[list[str]]]:
    """Head and rows in per cent: rows are maps, columns rules, both in order of appearance.

    Several stages of one combination (another threshold, say) share a cell, best first.
    """
    rules = list(dict.fromkeys(cell.combination.rule for cell in cells))
    rows = [[maps, *(" / ".join(_percents(cells, maps, rule)) or "-" for rule in rules)] for maps in maps_of(cells)]
    return ["maps", *rules], rows


def bars(cells: Sequence[Cell]) -> dict[str, list[float | None]]:
    """Rule -> the best figure in percent with each of the maps."""
    rules = dict.fromkeys(cell.combination.rule for cell in cells)
    return {
        rule: [next((100 * one for one in _figures(cells, maps, rule)), None) for maps in maps_of(cells)]
        for rule in rules
    }


def maps_of(cells: Sequence[Cell]) -> list[str]:
    """The maps, in order of appearance."""
    return list(dict.fromkeys(cell.combination.maps for cell in cells))


def _figures(cells: Sequence[Cell], maps: str, rule: str) -> list[float]:
    found = [cell.figure for cell in cells if cell.combination == Combination(maps, rule) and cell.figure is not None]
    return sorted(found, reverse=True)


def _percents(cells: Sequence[Cell], maps: str, rule: str) -> list[str]:
    return [f"{100 * figure:.1f}" for figure in _figures(cells, maps, rule)]
