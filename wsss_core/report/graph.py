"""The stage graph as inline SVG; each node is a link to the section of its stage."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from wsss_core.report.layout import Layout, layered_layout
from wsss_core.report.stages import StageFacts

NODE_WIDTH, NODE_HEIGHT = 142, 92
GAP_ALONG, GAP_ACROSS = 30, 22
MARGIN = 8
LINES_Y = (22, 40, 60, 79)
LONGEST_TEXT = 24
TEXT_WIDTH, LETTER_PX, NAME_LETTER_PX = NODE_WIDTH - 10, 6.4, 8.2
"""Room for a line in a box; about the width of a letter of it, and of the bold name."""

Point = tuple[float, float]


def drawn_inputs(stages: Sequence[StageFacts]) -> dict[str, tuple[str, ...]]:
    """Name of a stage -> names of the inputs to draw: all, but the data only where nothing else is an input.

    Every stage reads the data; drawing that for all of them would hide the chain.
    """
    names = {stage.ref: stage.name for stage in stages}
    upstream = {stage.name: tuple(names[ref] for ref in stage.upstream if ref in names) for stage in stages}
    data = {stage.name for stage in stages if stage.kind == "data"}
    return {
        name: tuple(other for other in others if other not in data or not set(others) - data)
        for name, others in upstream.items()
    }


def stage_graph(stages: Sequence[StageFacts], figures: Mapping[str, str], times: Mapping[str, str], down: bool) -> str:
    """SVG of the graph; `figures` and `times` are the last two lines of each node, by stage name.

    `down`: layers run downwards (for narrow screens), else to the right.
    """
    if not stages:
        return ""
    inputs = drawn_inputs(stages)
    layout = layered_layout(inputs)
    centre = {name: _centre(place, down) for name, place in layout.place.items()}
    edges = "".join(_edge([_centre(spot, down) for spot in spots], down) for spots in layout.edges.values())
    boxes = "".join(
        _box(stage, figures.get(stage.name, ""), times.get(stage.name, ""), centre[stage.name]) for stage in stages
    )
    width, height = _size(layout, down)
    label = "Stage graph. " + "; ".join(_sentence(name, inputs[name]) for name in inputs)
    return (
        f'<svg class="graph {"graph-down" if down else "graph-right"}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="group" aria-label={quoteattr(label)}>{edges}{boxes}</svg>'
    )


def _centre(spot: tuple[int, float], down: bool) -> Point:
    layer, across = spot
    if down:
        return (
            MARGIN + across * (NODE_WIDTH + GAP_ACROSS) - GAP_ACROSS / 2,
            MARGIN + layer * (NODE_HEIGHT + GAP_ALONG) + NODE_HEIGHT / 2,
        )
    return (
        MARGIN + layer * (NODE_WIDTH + GAP_ALONG) + NODE_WIDTH / 2,
        MARGIN + across * (NODE_HEIGHT + GAP_ACROSS) - GAP_ACROSS / 2,
    )


def _size(layout: Layout, down: bool) -> Point:
    thickness, breadth = (NODE_HEIGHT, NODE_WIDTH) if down else (NODE_WIDTH, NODE_HEIGHT)
    along = layout.depth * (thickness + GAP_ALONG) - GAP_ALONG + 2 * MARGIN
    across = layout.breadth * (breadth + GAP_ACROSS) - GAP_ACROSS + 2 * MARGIN
    return (across, along) if down else (along, across)


def _sentence(name: str, inputs: Sequence[str]) -> str:
    return f"{name} from {', '.join(inputs)}" if inputs else name


def _edge(centres: Sequence[Point], down: bool) -> str:
    """A smooth path through the centres: straight along a layer's thickness, curved in the gaps."""
    half = (NODE_HEIGHT if down else NODE_WIDTH) / 2
    steps = []
    for index, (start, end) in enumerate(pairwise(centres)):
        x0, y0 = _shift(start, half, down)
        x1, y1 = _shift(end, -half, down)
        if index:
            steps.append(f"L{x0:.1f} {y0:.1f}")
        else:
            steps.append(f"M{x0:.1f} {y0:.1f}")
        xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
        bends = f"{x0:.1f} {ym:.1f} {x1:.1f} {ym:.1f}" if down else f"{xm:.1f} {y0:.1f} {xm:.1f} {y1:.1f}"
        steps.append(f"C{bends} {x1:.1f} {y1:.1f}")
    return f'<path class="edge" d="{"".join(steps)}"/>'


def _shift(point: Point, distance: float, down: bool) -> Point:
    return (point[0], point[1] + distance) if down else (point[0] + distance, point[1])


def _box(facts: StageFacts, figure: str, time: str, centre: Point) -> str:
    left, top = centre[0] - NODE_WIDTH / 2, centre[1] - NODE_HEIGHT / 2
    texts = ((facts.name, "name"), (facts.method, "method"), (figure, "figure"), (time, "time"))
    lines = "".join(
        f'<text class="{style}" x="{centre[0]:.1f}" y="{top + y:.1f}"{_squeeze(text, style)}>'
        f"{escape(_short(text))}</text>"
        for (text, style), y in zip(texts, LINES_Y, strict=True)
    )
    whole = f"{facts.name}: {facts.kind}, method {facts.method}. {figure} {time}".strip()
    return (
        f'<a href="#{facts.anchor}" class="node kind-{escape(facts.kind)}"><title>{escape(whole)}</title>'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{NODE_WIDTH}" height="{NODE_HEIGHT}" rx="9"/>{lines}</a>'
    )


def _squeeze(text: str, style: str) -> str:
    """Letters narrower than usual where a line would not fit into its box."""
    wide = len(_short(text)) * (NAME_LETTER_PX if style == "name" else LETTER_PX)
    return f' textLength="{TEXT_WIDTH}" lengthAdjust="spacingAndGlyphs"' if wide > TEXT_WIDTH else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
