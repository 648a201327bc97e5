"""Comparison of arrays with recorded ones, by the rules that `cases.json` uses."""

import re

import numpy as np


def subsampled(array: np.ndarray, meaning: str) -> np.ndarray:
    """The part of an array that was recorded: `meaning` may hold an index such as "[:, ::4, ::4]"."""
    found = re.search(r"\[((?:\s*:{1,2}\d*\s*,?)+)\]", meaning)
    if found is None:
        return array
    steps = [int(part.strip().lstrip(":") or 1) for part in found[1].split(",")]
    return array[tuple(slice(None, None, step) for step in steps)]


def assert_close_to_peak(new: np.ndarray, recorded: np.ndarray, tolerance: float, what: str) -> None:
    """max|new - recorded| <= tolerance * max|recorded|."""
    assert new.shape == recorded.shape, f"{what}: shape {new.shape}, recorded {recorded.shape}"
    worst = np.abs(new.astype(np.float64) - recorded).max(initial=0)
    peak = np.abs(recorded.astype(np.float64)).max(initial=0)
    assert worst <= tolerance * peak, f"{what}: off by {worst / peak if peak else worst:.2e} of the maximum {peak:.4g}"


def assert_close(new: np.ndarray, recorded: np.ndarray, mean: float, largest: float, what: str) -> None:
    """mean|new - recorded| <= mean and max|new - recorded| <= largest."""
    assert new.shape == recorded.shape, f"{what}: shape {new.shape}, recorded {recorded.shape}"
    difference = np.abs(new.astype(np.float64) - recorded)
    assert difference.mean() <= mean, f"{what}: mean difference {difference.mean():.2e}"
    assert difference.max() <= largest, f"{what}: largest difference {difference.max():.2e}"


def assert_relative(new: float, recorded: float, tolerance: float, what: str) -> None:
    """|new - recorded| <= tolerance * |recorded|."""
    assert abs(new - recorded) <= tolerance * abs(recorded), f"{what}: {new}, recorded {recorded}"


def assert_agreement(new: np.ndarray, recorded: np.ndarray, differing_share: float, what: str) -> None:
    """At most this share of the labels differ."""
    assert new.shape == recorded.shape, f"{what}: shape {new.shape}, recorded {recorded.shape}"
    share = np.mean(new != recorded)
    assert share <= differing_share, f"{what}: {share:.3%} of the labels differ"


def assert_equal(new: np.ndarray, recorded: np.ndarray, what: str) -> None:
    """Exactly equal."""
    np.testing.assert_array_equal(new, recorded, err_msg=what)
