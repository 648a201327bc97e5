"""Layered drawing of a small graph without cycles (Sugiyama, Tagawa and Toda, 1981, in its simplest form).

Nodes lie in layers by their longest distance from a source. An edge that crosses layers gets a bend point in each, so
that it runs around the nodes and not behind them. Within a layer, the order is improved by sweeps over the mean place
of the neighbours, and each node then moves towards its neighbours as far as its row allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from wsss_core.report.stages import depths

ORDER_SWEEPS = 8
PLACE_SWEEPS = 12
BEND_EXTENT = 0.2
"""Room of a bend point across the layer, in units of a node's slot."""


@dataclass(frozen=True)
class Layout:
    """`place`: node -> (layer number, centre across the layers in slots, from 0.5). `edges`: way points of each edge.

    `depth`: number of layers; `breadth`: extent across the layers, in slots.
    """

    place: Mapping[str, tuple[int, float]]
    edges: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    depth: int
    breadth: float


def layered_layout(inputs: Mapping[str, Sequence[str]]) -> Layout:
    """Layout of the graph that `inputs` (node -> nodes it depends on, all of them keys) describes.

    Raises ValueError when the graph has a circle.
    """
    depth = depths(inputs)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in inputs:
        rows[depth[name]].append(name)
    chains = {(other, name): _chain(other, name, depth, rows) for name in inputs for other in inputs[name]}
    before, after = _neighbours(rows, chains.values())
    _order(rows, before, after)
    across = _places(rows, before, after, frozenset(inputs))
    layer_of = {name: layer for layer, row in enumerate(rows) for name in row}
    lowest = min((value - _extent(name in inputs) / 2 for name, value in across.items()), default=0.0)
    spot = {name: (layer_of[name], across[name] - lowest) for name in layer_of}
    return Layout(
        place={name: spot[name] for name in inputs},
        edges={ends: tuple(spot[point] for point in chain) for ends, chain in chains.items()},
        depth=len(rows),
        breadth=max((spot[name][1] + _extent(name in inputs) / 2 for name in spot), default=0.0),
    )


def _extent(is_node: bool) -> float:
    return 1.0 if is_node else BEND_EXTENT


def _chain(source: str, target: str, depth: Mapping[str, int], rows: list[list[str]]) -> list[str]:
    """Source, a new bend point in every layer between, target; the bend points are added to `rows`."""
    chain = [source]
    for layer in range(depth[source] + 1, depth[target]):
        bend = f"{source}\n{target}\n{layer}"  # names of stages have no line breaks
        rows[layer].append(bend)
        chain.append(bend)
    return [*chain, target]


def _neighbours(
    rows: Sequence[Sequence[str]], chains: Iterable[Sequence[str]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {name: [] for row in rows for name in row}
    after: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for chain in chains:
        for left, right in pairwise(chain):
            before[right].append(left)
            after[left].append(right)
    return before, after


def _order(rows: list[list[str]], before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> None:
    """Sort each row by the mean place of the neighbours in the row before, then after, alternating."""
    for sweep in range(ORDER_SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        place = {name: float(index) for row in rows for index, name in enumerate(row)}
        for row in rows if forward else reversed(rows):
            keys = {name: _mean([place[other] for other in neighbours[name]], place[name]) for name in row}
            row.sort(key=keys.__getitem__)
            place.update({name: float(index) for index, name in enumerate(row)})


def _places(
    rows: Sequence[Sequence[str]],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
    nodes: frozenset[str],
) -> dict[str, float]:
    across: dict[str, float] = {}
    for row in rows:
        across.update(_spread(row, [0.0] * len(row), nodes))
    for sweep in range(PLACE_SWEEPS):
        for row in rows if sweep % 2 == 0 else list(reversed(rows)):
            wanted = [_mean([across[other] for other in before[name] + after[name]], across[name]) for name in row]
            across.update(_spread(row, wanted, nodes))
    return across


def _spread(row: Sequence[str], wanted: Sequence[float], nodes: frozenset[str]) -> dict[str, float]:
    """Places as near to the wanted ones as order and extents allow: pushed apart, then moved back together."""
    placed: list[float] = []
    for index, (name, value) in enumerate(zip(row, wanted, strict=True)):
        if index:
            least = placed[-1] + (_extent(row[index - 1] in nodes) + _extent(name in nodes)) / 2
            value = max(value, least)
        placed.append(value)
    shift = _mean([want - got for want, got in zip(wanted, placed, strict=True)], 0.0)
    return {name: value + shift for name, value in zip(row, placed, strict=True)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
