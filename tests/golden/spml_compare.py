"""Comparison of SPML arrays with the recorded ones by the tolerances that their case names."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from golden.cases import Case
from golden.compare import subsampled

EVERY_OTHER = {2: "[::2, ::2]", 3: "[::2, ::2, ::1]"}


def assert_recorded(case: Case, name: str, new: object, kind: str | None = None) -> None:
    """`new` (a subset of which was recorded, as the array's meaning says) is the case's array `name`."""
    recorded = case.arrays[name]
    array = subsampled(np.asarray(new), stride_of(case, name))
    assert array.shape == recorded.shape, f"{case.title}, {name}: shape {array.shape}, recorded {recorded.shape}"
    rule = tolerance_of(case, name, kind or ("float" if recorded.dtype.kind == "f" else "int"))
    if "max_mismatch_fraction" in rule:
        differing = float((array != recorded).mean()) if recorded.size else 0.0
        if differing > rule["max_mismatch_fraction"] and re.search(r"cluster(_index\w*)?$", name):
            differing = moved_share(array, recorded)  # a pixel on a tie may make or empty a segment: numbers shift
        assert differing <= rule["max_mismatch_fraction"], (
            f"{case.title}, {name}: {differing:.3%} of the entries differ"
        )
        return
    if "relative_l2" in rule:
        distance = np.linalg.norm((array - recorded).ravel()) / max(np.linalg.norm(recorded.ravel()), 1e-30)
        assert distance <= rule["relative_l2"], f"{case.title}, {name}: relative distance {distance:.2e}"
        return
    off = np.abs(array.astype(np.float64) - recorded) - allowed(rule, recorded)
    outliers = float((off > 0).mean()) if recorded.size else 0.0
    limit = case.spec["tolerance"].get("float_outlier_fraction", 0.0)
    assert outliers <= limit, f"{case.title}, {name}: {outliers:.3%} of the entries beyond, worst by {off.max():.2e}"


def moved_share(array: np.ndarray, recorded: np.ndarray) -> float:
    """Share of the pixels that lie in other segments, whatever the segments' numbers; the worse of both directions."""

    def outside(groups: np.ndarray, of: np.ndarray) -> float:
        pairs, counts = np.unique(np.stack([of.ravel(), groups.ravel()]), axis=1, return_counts=True)
        largest = np.zeros(int(of.max()) + 1, np.int64)
        np.maximum.at(largest, pairs[0], counts)
        return 1 - float(largest.sum()) / of.size

    return max(outside(array, recorded), outside(recorded, array))


def stride_of(case: Case, name: str) -> str:
    """The index with which an array was thinned out: as its meaning, that of the first image or step, or that of the
    array of which it has "the same stride" says; every other row and column where nothing says more."""
    meaning = case.meaning(name) or case.meaning(first_like(case, name))
    if "same stride" in meaning:
        strides = [case.meaning(other) for other in case.spec["arrays"] if "::" in case.meaning(other)]
        meaning = strides[0] if strides else "[:, ::2, ::2]"
    if re.search(r"\[\s*:", meaning):
        return meaning
    rows = re.search(r"::(\d+)", meaning)
    if rows is not None:
        return f"[::{rows[1]}]"
    return EVERY_OTHER.get(case.arrays[name].ndim, "") if name.endswith("_sub") else ""


def first_like(case: Case, name: str) -> str:
    """The first array with the same end of the name that has a meaning, as `im0_label` for `im1_label`."""
    rest = name.partition("_")[2]
    alike = (other for other in case.spec["arrays"] if other.partition("_")[2] == rest and case.meaning(other))
    return next(alike, name)


def allowed(rule: Mapping[str, Any], recorded: np.ndarray) -> np.ndarray:
    """Largest difference of each entry: atol + rtol |recorded|; an atol in words is a share of the largest."""
    atol = rule.get("atol", 0.0)
    if isinstance(atol, str):
        atol = float(atol.split("*")[0]) * float(np.abs(recorded).max(initial=0))
    return atol + rule.get("rtol", 0.0) * np.abs(recorded.astype(np.float64))


def tolerance_of(case: Case, name: str, kind: str) -> Mapping[str, Any]:
    """The rule of an array: its own, that of arrays like it, that of its kind, or the case's one rule."""
    rules = case.spec["tolerance"]
    own = rules.get("by_array", {})
    if name in own:
        return dict(own[name])
    if "crf_output" in name and "arrays_named_crf_output" in rules:
        return dict(rules["arrays_named_crf_output"])
    if kind in rules:
        return dict(rules[kind])
    return {"max_mismatch_fraction": 0.0} if kind == "int" else dict(rules)
