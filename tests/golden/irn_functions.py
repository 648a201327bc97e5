"""Checks of the function cases of IRN: paths between the cells of pairs."""

import re

import numpy as np
from golden.cases import Case
from golden.compare import assert_equal

from wsss_core.affinity.paths import Path, pair_paths, path_offsets, path_pair_indices


def check_paths(case: Case) -> None:
    for name, recorded in case.arrays.items():
        found = re.fullmatch(r"([a-z]+)_r(\d+)(?:_(\d+)x(\d+))?", name)
        assert found is not None, f"{case.title}: expected <what>_r<radius>[_<h>x<w>], found {name!r}"
        radius = int(found[2])
        grid_hw = (int(found[3]), int(found[4])) if found[3] else (0, 0)
        assert_equal(path_array(found[1], radius, grid_hw), recorded, f"{case.title}: {name}")


def path_array(name: str, radius: int, grid_hw: tuple[int, int]) -> np.ndarray:
    """One array of the case: offsets, group sizes, path cells, or flat indices on a grid."""
    source, partner = path_pair_indices(grid_hw, radius)
    groups = paths_by_length(radius)
    match name:
        case "dst":
            return np.array(path_offsets(radius))
        case "npaths":
            return np.array([(len(paths), length) for length, paths in groups.items()])
        case "paths":
            return np.array([cell for paths in groups.values() for path in paths for cell in path])
        case "src":
            return source
        case "dstidx":
            return partner
        case "pathsum":
            steps = [sum(y * grid_hw[1] + x for path in paths for y, x in path) for paths in groups.values()]
            cells = [sum(map(len, paths)) for paths in groups.values()]
            return np.array(
                [count * source.sum() + step * source.size for count, step in zip(cells, steps, strict=True)]
            )
    raise AssertionError(f"no array of paths is called {name!r}")


def paths_by_length(radius: int) -> dict[int, list[Path]]:
    """Paths of equal length together, in their order."""
    groups: dict[int, list[Path]] = {}
    for path in pair_paths(radius):
        groups.setdefault(len(path), []).append(path)
    return groups
