"""Checks of the function cases of IRN: paths between the cells of pairs, walk within boundaries."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close_to_peak, assert_equal
from golden.psa_functions import stated

from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.paths import Path, pair_paths, path_affinity, path_offsets, path_pair_indices

AFFINITY_TOLERANCE = 1e-6  # of the maximum
WALK_TOLERANCE, ALLOWED = 1e-4, 5e-3  # of the maximum; the recorded walk is 2e-5 from one in float64


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


def check_walk(case: Case) -> None:
    edge_hw, cam_Khw = case.arrays["edge"][0], case.arrays["cam"]
    radius = int(stated("radius", case.spec["original"]))
    for name, recorded in case.arrays.items():
        texts = (case.meaning(name), case.spec["original"])
        if name == "sparse_aff":
            # The original lets border cells be from-cells by a rim of boundary.
            rim_hw = np.pad(edge_hw, ((0, radius), (radius, radius)), constant_values=1)
            new = path_affinity(torch.from_numpy(rim_hw)[None], radius).numpy()
            assert_close_to_peak(new, recorded, case.limit(AFFINITY_TOLERANCE, ALLOWED), f"{case.title}: {name}")
        elif name.startswith("rw"):
            beta, steps = stated("beta", *texts), 2 ** int(stated("exp_times", *texts))
            new = walk_within_boundaries(cam_Khw, edge_hw, beta, steps, radius)
            assert_close_to_peak(new[:, None], recorded, case.limit(WALK_TOLERANCE, ALLOWED), f"{case.title}: {name}")
