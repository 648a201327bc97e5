"""The layered layout: nothing overlaps, edges run forward."""

import itertools

import pytest
from fake_experiment import INPUTS
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.report.layout import BEND_EXTENT, layered_layout

CHAIN = {name: tuple(source for source in slots.values() if source != "data") for name, slots in INPUTS.items()}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    count = draw(st.integers(0, 9))
    names = [f"s{index}" for index in range(count)]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=3)) if index else []
        for index, name in enumerate(names)
    }


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_nodes_do_not_overlap_and_lie_inside(graph: dict[str, list[str]]) -> None:
    layout = layered_layout(graph)
    assert set(layout.place) == set(graph)
    for layer in range(layout.depth):
        centres = sorted(across for where, across in layout.place.values() if where == layer)
        assert all(right - left >= 1 - 1e-9 for left, right in itertools.pairwise(centres))
        assert all(0.5 - 1e-9 <= centre <= layout.breadth - 0.5 + 1e-9 for centre in centres)


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_edges_step_through_every_layer_and_keep_off_the_nodes(graph: dict[str, list[str]]) -> None:
    layout = layered_layout(graph)
    assert set(layout.edges) == {(other, name) for name, others in graph.items() for other in others}
    for (source, target), points in layout.edges.items():
        assert points[0] == layout.place[source]
        assert points[-1] == layout.place[target]
        assert [layer for layer, _ in points] == list(range(points[0][0], points[-1][0] + 1))
        for layer, across in points[1:-1]:
            nodes = [centre for where, centre in layout.place.values() if where == layer]
            assert all(abs(across - centre) >= (1 + BEND_EXTENT) / 2 - 1e-9 for centre in nodes)


def test_a_chain_is_a_straight_line() -> None:
    layout = layered_layout({"a": [], "b": ["a"], "c": ["b"]})
    assert [layout.place[name] for name in "abc"] == [(0, 0.5), (1, 0.5), (2, 0.5)]
    assert layout.breadth == 1


def test_the_usual_graph_has_a_layer_per_step() -> None:
    layout = layered_layout(CHAIN)
    assert layout.place["cams"][0] == layout.place["classifier"][0] + 1
    assert layout.place["predictions"][0] == layout.depth - 1 == 7


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="a, b depend on each other in a circle"):
        layered_layout({"a": ["b"], "b": ["a"]})
