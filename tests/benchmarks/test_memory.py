"""The measured memory is what a call adds at its peak, and nothing that its preparation took."""

import platform
from functools import partial

import numpy as np
import pytest

from benchmarks.memory import added_peak_mb

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc on Linux can set the peak back")
SIZE = 60 * 10**6

# The preparations are partials of importable functions, because a fresh process cannot import this test.


def test_memory_of_the_call_is_counted() -> None:
    assert added_peak_mb(partial(partial, np.ones, SIZE, np.uint8)) == pytest.approx(SIZE / 1e6, abs=6)


def test_memory_of_the_preparation_is_not() -> None:
    assert added_peak_mb(partial(getattr, np.ones(SIZE, np.uint8), "sum")) < 6
