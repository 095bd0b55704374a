"""Labels: the colour scale below a picture, and its numbers."""

import numpy as np

from cutaway import grid, neuron


def test_a_legend_stands_below_the_picture():
    weights = np.random.default_rng(0).standard_normal((64, 9))
    for limit in (None, "each"):
        plain = grid(weights, scale=8, limit=limit)
        whole = grid(weights, scale=8, limit=limit, legend=True)
        assert whole.width == plain.width
        assert whole.height > plain.height
        np.testing.assert_array_equal(np.asarray(whole)[: plain.height], np.asarray(plain))
        assert (np.asarray(whole)[plain.height :] < 255).any()


def test_the_legend_of_a_dead_unit_has_numbers_that_make_sense():
    dead, alive = (neuron(np.full(9, w), scale=80, legend=True) for w in (0.0, 1.0))
    np.testing.assert_array_equal(np.asarray(dead)[240:], np.asarray(alive)[240:])
