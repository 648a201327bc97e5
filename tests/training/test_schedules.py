import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.settings.training import LoopSettings
from wsss_core.training.schedules import cosine_factor, learning_rate, warmup_factor


@given(st.integers(2, 500), st.integers(0, 100))
def test_half_a_cosine_falls_from_the_end_of_the_warm_up_to_nearly_0(length, warmup):
    factors = [cosine_factor(warmup + step, warmup + length, warmup) for step in range(length)]
    assert factors[0] == 1
    assert all(after < before for before, after in itertools.pairwise(factors))
    assert factors[-1] == pytest.approx(0, abs=(math.pi / (2 * length)) ** 2 + 1e-9)


def test_warm_up_by_one_rate_then_the_cosine():
    settings = LoopSettings(steps=20, learning_rate=0.1, schedule="cosine", warmup_steps=10, warmup_rate=0.001)
    assert {learning_rate(step, 20, settings) for step in range(10)} == {0.001}
    assert learning_rate(10, 20, settings) == pytest.approx(0.1)
    assert learning_rate(15, 20, settings) == pytest.approx(0.05)


def test_warm_up_from_0_goes_with_every_schedule():
    settings = LoopSettings(steps=20, learning_rate=0.1, schedule="cosine", warmup_steps=4)
    assert [learning_rate(step, 20, settings) for step in range(4)] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert warmup_factor(0, 0) == 1


@pytest.mark.parametrize("schedule", ["poly", "cosine"])
def test_a_training_that_ends_early_has_the_rates_of_the_whole(schedule):
    whole = LoopSettings(steps=100, learning_rate=0.1, schedule=schedule)
    part = LoopSettings(steps=30, schedule_steps=100, learning_rate=0.1, schedule=schedule)
    assert [learning_rate(step, 30, part) for step in range(30)] == [
        learning_rate(step, 100, whole) for step in range(30)
    ]
