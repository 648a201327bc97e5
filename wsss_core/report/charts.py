"""Two kinds of chart as inline SVG: lines and grouped bars. Colours come from the page's style sheet (`series-N`)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

SERIES_COLOURS = 8
LEFT, RIGHT, TOP = 46, 14, 18
BOTTOM, BOTTOM_WITHOUT_LABEL = 40, 26
WANTED_TICKS = 5
LETTER_PX, BAR_PX = 6.2, 28
"""About the width of a letter of a group's name; the width that a bar needs for its value."""
SLANT_DEGREES, LONGEST_NAME = 30, 34


@dataclass(frozen=True)
class Series:
    """One line: `x` and `y` of equal length; `mark` is an (x, y) to point out, such as the chosen threshold."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    mark: tuple[float, float] | None = None


@dataclass(frozen=True)
class Bars:
    """One bar per group, None where there is no figure."""

    name: str
    values: Sequence[float | None]


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers (1, 2, 2.5 or 5 times a power of ten apart) from at most `low` to at least `high`."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / WANTED_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Series], width: int = 430) -> str:
    """SVG figure of the lines with axes, a legend and marks. Values that are not finite are left out."""
    points = [_finite(line) for line in lines]
    xs = [x for line in points for x, _ in line] or [0.0, 1.0]
    ys = [y for line in points for _, y in line] or [0.0, 1.0]
    x_ticks, y_ticks = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
    x_range = (min(xs), max(xs)) if min(xs) < max(xs) else (min(xs) - 0.5, min(xs) + 0.5)
    frame = _Frame(width, 250, x_range, (y_ticks[0], y_ticks[-1]))
    body = [frame.grid(y_ticks), frame.x_axis([x for x in x_ticks if min(xs) <= x <= max(xs)])]
    for index, (line, drawn) in enumerate(zip(lines, points, strict=True)):
        body.append(_polyline(frame, drawn, index))
        if line.mark is not None:
            body.append(_mark(frame, line.mark, index, f"{line.name}: {line.mark[1]:.4g} at {line.mark[0]:.4g}"))
    body.append(frame.labels(x_label, y_label))
    described = "; ".join(_range_in_words(line.name, drawn) for line, drawn in zip(lines, points, strict=True))
    return _figure("chart-lines", title, described, frame, body, [line.name for line in lines])


def _finite(line: Series) -> list[tuple[float, float]]:
    pairs = zip(line.x, line.y, strict=True)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def _range_in_words(name: str, points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return f"{name}: no values"
    values = [y for _, y in points]
    return f"{name}: {values[0]:.4g} at first, {values[-1]:.4g} at last, {min(values):.4g} to {max(values):.4g}"


def bar_chart(title: str, y_label: str, groups: Sequence[str], bars: Sequence[Bars], width: int = 880) -> str:
    """SVG figure of grouped bars from zero, each with its value on top. Names without room for them are slanted."""
    known = [value for bar in bars for value in bar.values if value is not None]
    y_ticks = ticks(0.0, max(known, default=1.0) or 1.0)
    x_range = (0.0, float(max(len(groups), 1)))
    width = max(width, LEFT + RIGHT + len(groups) * max(len(bars), 1) * BAR_PX)
    name_px = LETTER_PX * min(max(map(len, groups), default=0), LONGEST_NAME)
    slanted = name_px > (width - LEFT - RIGHT) / max(len(groups), 1)
    below = BOTTOM_WITHOUT_LABEL + (round(name_px * math.sin(math.radians(SLANT_DEGREES))) if slanted else 0)
    frame = _Frame(width, 274 + below, x_range, (0.0, y_ticks[-1]), below)
    body = [frame.grid(y_ticks)]
    for place, group in enumerate(groups):
        body.append(_group_name(frame, place, group, slanted))
        body.extend(_bar(frame, place, index, len(bars), bar.name, bar.values[place]) for index, bar in enumerate(bars))
    body.append(frame.labels("", y_label))
    described = "; ".join(
        f"{group}: " + ", ".join(f"{bar.name} {_number(bar.values[place])}" for bar in bars)
        for place, group in enumerate(groups)
    )
    return _figure("chart-bars", title, described, frame, body, [bar.name for bar in bars])


def _bar(frame: "_Frame", place: int, index: int, count: int, name: str, value: float | None) -> str:
    if value is None:
        return ""
    slot = 0.76 / count
    left = frame.x(place + 0.12 + index * slot)
    wide = frame.x(slot) - frame.x(0) - 2
    top, base = frame.y(value), frame.y(0)
    return (
        f'<rect class="series-{index % SERIES_COLOURS} bar" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
        f'height="{max(base - top, 0):.1f}"><title>{escape(name)}: {value:.1f}</title></rect>'
        f'<text class="value" x="{left + wide / 2:.1f}" y="{top - 4:.1f}">{value:.1f}</text>'
    )


def _group_name(frame: "_Frame", place: int, group: str, slanted: bool) -> str:
    x, y = f"{frame.x(place + 0.5):.1f}", frame.bottom + 18
    turn = f' transform="rotate(-{SLANT_DEGREES} {x} {y})"' if slanted else ""
    shown = group if len(group) <= LONGEST_NAME else group[: LONGEST_NAME - 1] + "…"
    anchor = "end" if slanted else "middle"
    return f'<text class="tick" text-anchor="{anchor}" x="{x}" y="{y}"{turn}>{escape(shown)}</text>'


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def _polyline(frame: "_Frame", points: Sequence[tuple[float, float]], index: int) -> str:
    path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    return f'<polyline class="series-{index % SERIES_COLOURS} line dash-{index // SERIES_COLOURS}" points="{path}"/>'


def _mark(frame: "_Frame", mark: tuple[float, float], index: int, words: str) -> str:
    return (
        f'<circle class="series-{index % SERIES_COLOURS} mark" cx="{frame.x(mark[0]):.1f}" cy="{frame.y(mark[1]):.1f}" '
        f'r="5"><title>{escape(words)}</title></circle>'
    )


def _figure(style: str, title: str, described: str, frame: "_Frame", body: Sequence[str], names: Sequence[str]) -> str:
    legend = "".join(
        f'<li><span class="swatch series-{index % SERIES_COLOURS}"></span>{escape(name)}</li>'
        for index, name in enumerate(names)
    )
    return (
        f'<figure class="chart {style}"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label={quoteattr(f"{title}. {described}")}>'
        f'{"".join(body)}</svg><ul class="legend">{legend}</ul></figure>'
    )


@dataclass(frozen=True)
class _Frame:
    """The axes: where a value lies in the picture."""

    width: int
    height: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    below: int = BOTTOM

    @property
    def bottom(self) -> int:
        return self.height - self.below

    def x(self, value: float) -> float:
        low, high = self.x_range
        return LEFT + (value - low) / (high - low) * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.bottom - (value - low) / (high - low) * (self.bottom - TOP)

    def grid(self, values: Sequence[float]) -> str:
        return "".join(
            f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{self.y(value):.1f}" '
            f'y2="{self.y(value):.1f}"/>'
            f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{self.y(value) + 4:.1f}">{value:g}</text>'
            for value in values
        )

    def x_axis(self, values: Sequence[float]) -> str:
        return "".join(
            f'<text class="tick" text-anchor="middle" x="{self.x(value):.1f}" y="{self.bottom + 17}">{value:g}</text>'
            for value in values
        )

    def labels(self, x_label: str, y_label: str) -> str:
        middle_x, middle_y = (LEFT + self.width - RIGHT) / 2, (TOP + self.bottom) / 2
        return (
            f'<text class="label" text-anchor="middle" x="{middle_x:.0f}" y="{self.height - 6}">'
            f"{escape(x_label)}</text>"
            f'<text class="label" text-anchor="middle" transform="translate(11 {middle_y:.0f}) rotate(-90)">'
            f"{escape(y_label)}</text>"
        )
