"""Waves as start weights: pictures of strokes, told by their seed."""

import tracemalloc

import numpy as np
import pytest

from cutaway.backend.contract import make_architecture
from cutaway.learn.initial import normal, waves


def test_a_wave_is_a_column_of_norm_1_for_every_unit():
    values = waves((28, 28), 320, seed=0)
    assert values.shape == (784, 320)
    assert values.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(values, axis=0), 1, rtol=1e-5)


def test_waves_stand_at_one_place_and_swing():
    rows, columns = np.indices((28, 28)).reshape(2, -1)
    for wave in waves((28, 28), 50, seed=1).T.astype(np.float64):
        energy = wave**2
        y, x = (energy * rows).sum(), (energy * columns).sum()
        spread = np.sqrt((energy * ((rows - y) ** 2 + (columns - x) ** 2)).sum())
        assert 4 < y < 24 and 4 < x < 24  # noqa: PT018
        assert spread < 6  # noise all over the picture has 11
        assert wave.min() < -0.02
        assert wave.max() > 0.02


def test_the_same_seed_gives_the_same_waves():
    np.testing.assert_array_equal(waves((8, 6), 5, seed=3), waves((8, 6), 5, seed=3))
    assert (waves((8, 6), 5, seed=3) != waves((8, 6), 5, seed=4)).any()


def test_a_picture_need_not_be_square():
    assert waves((20, 30), 4, seed=0).shape == (600, 4)
    assert np.isfinite(waves((1, 9), 4, seed=0)).all()


@pytest.mark.parametrize("units", [1, 2])
def test_few_units_are_enough(units):
    assert waves((28, 28), units, seed=0).shape == (784, units)


def test_start_weights_take_their_memory_once_and_little_more():
    sizes = make_architecture((784, 4000, 10), "relu", "sigmoid", "squared_error", "mean")
    tracemalloc.start()
    try:
        for layer, values in enumerate(normal(sizes, 0)):
            if layer == 0:
                most = tracemalloc.get_traced_memory()[1]
                assert most < 1.5 * values.nbytes
    finally:
        tracemalloc.stop()


def test_start_weights_are_those_of_one_draw():
    sizes = make_architecture((200, 3, 2), "sigmoid", "sigmoid", "squared_error", "mean")
    first = next(normal(sizes, 7))
    drawn = np.random.default_rng(7).standard_normal((200, 3)) * np.sqrt(1 / 200)
    np.testing.assert_array_equal(first, np.vstack([np.zeros(3), drawn]).astype(np.float32))
