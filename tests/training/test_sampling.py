"""Order and random numbers as functions of seed, epoch and image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.training.sampling import (
    PieceSampler,
    SampleKey,
    batch_keys,
    epoch_order,
    pieces,
    sample_generator,
    steps_per_epoch,
)

counts, batches = st.integers(1, 40), st.integers(1, 12)


@given(counts, st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_shows_every_image_once_in_its_own_order(count, seed, epoch):
    order = epoch_order(count, seed, epoch)
    assert sorted(order) == list(range(count))
    assert np.array_equal(order, epoch_order(count, seed, epoch))


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(30, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_augmentation_differs_between_seeds_epochs_and_images_and_from_the_order():
    keys = [(seed, SampleKey(epoch, image)) for seed in range(2) for epoch in range(2) for image in range(2)]
    draws = {sample_generator(seed, key).random() for seed, key in keys}
    assert len(draws) == 8
    assert sample_generator(1, SampleKey(0, 1)).random() == sample_generator(1, SampleKey(0, 1)).random()


@given(counts, batches, st.integers(0, 3))
def test_the_batches_of_an_epoch_are_full_and_share_no_image(count, batch, seed):
    per_epoch = steps_per_epoch(count, batch)
    keys = [batch_keys(count, batch, seed, step) for step in range(2 * per_epoch)]
    assert all(len(chosen) == min(batch, count) for chosen in keys)
    for epoch in (0, 1):
        seen = [key for chosen in keys[epoch * per_epoch : (epoch + 1) * per_epoch] for key in chosen]
        assert {key.epoch for key in seen} == {epoch}
        assert len({key.image for key in seen}) == len(seen)


@given(counts, batches, st.integers(1, 5), st.integers(0, 6))
def test_a_sampler_started_later_goes_on_where_an_earlier_one_would_be(count, batch, accumulate, first):
    everything = list(PieceSampler(count, batch, accumulate, 0, 0, 8))
    per_step = len(everything) // 8
    assert list(PieceSampler(count, batch, accumulate, 0, first, 8)) == everything[first * per_step :]


@given(st.integers(1, 20), st.integers(1, 25))
def test_pieces_are_nearly_equal_none_is_empty_and_together_they_are_the_batch(count, accumulate):
    keys = [SampleKey(0, image) for image in range(count)]
    cut = pieces(keys, accumulate)
    assert [key for piece in cut for key in piece] == keys
    lengths = [len(piece) for piece in cut]
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
    assert len(cut) == min(count, accumulate)


def test_no_image_is_a_clear_error():
    with pytest.raises(ValueError, match="no image to train on"):
        steps_per_epoch(0, 4)
