"""Labels: the colour scale below a picture, and its numbers."""

import re

import numpy as np
import pytest

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


@pytest.mark.parametrize(("scale", "border"), [(8, None), (8, False), (3, True)])
def test_names_stand_below_their_tiles(scale, border):
    weights = np.random.default_rng(0).standard_normal((64, 5))
    plain = np.asarray(grid(weights, scale=scale, border=border))
    named = np.asarray(grid(weights, scale=scale, border=border, names=["", "", "", "", "Sandal"]))
    gap = 0 if border is False else scale
    tile = (plain.shape[0] - gap) // 2  # rows of a tile and its line
    second = named.shape[0] // 2
    np.testing.assert_array_equal(named[: tile + gap], plain[: tile + gap])
    np.testing.assert_array_equal(named[second : second + tile + gap], plain[tile:])
    assert (named[tile + gap : second] == 255).all()  # no name
    below = named[second + tile + gap :] < 200
    across = below.any(axis=(0, 2)).nonzero()[0]
    middle = plain.shape[1] / 2  # of three tiles, the second one
    assert abs(across.mean() - middle) < 2
    assert across.max() - across.min() < 8 * scale


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a"], ValueError, "grid: names must be one per unit (2), got 1"),
        ("ab", TypeError, "grid: names must be a list of texts, got 'ab'"),
        ([1, 2], TypeError, "grid: names must be a list of texts, got [1, 2]"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        grid(np.ones((4, 2)), names=names)


def test_a_title_that_is_too_long_to_stand_beside_the_scale_stands_below_it():
    weights = np.random.default_rng(0).standard_normal((784, 1))
    short, long = (neuron(weights, scale=16, legend=t) for t in ("neuron 0", "neuron 0 " * 5))
    assert long.height > short.height
    assert (np.asarray(long)[short.height :] < 200).any()


def test_marked_tiles_are_ringed_with_a_letter_and_the_legend_counts_them():
    weights = np.random.default_rng(0).standard_normal((64, 5))
    marks = ["", "dead", "", "saturated", "dead"]
    plain, marked = (np.asarray(grid(weights, scale=8, marks=m)) for m in (None, marks))
    gap, tile = 8, 8 * 8 + 8
    for unit, mark in enumerate(marks):
        top, left = gap + unit // 3 * tile, gap + unit % 3 * tile
        before, after = (p[top : top + 64, left : left + 64] for p in (plain, marked))
        changed = (before != after).any(axis=2)
        if not mark:
            assert not changed.any()
            continue
        assert (after[[0, 1, -2, -1]] < 30).any(axis=(1, 2)).all()  # the ring
        inner = changed[20:-2, 20:-2]
        assert not inner.any()  # the weights are still seen
        assert (after[2:15, 2:13] > 200).any()  # the letter
    titled = grid(weights, scale=8, marks=marks, legend=True)
    assert titled.height > grid(weights, scale=8, legend=True).height or titled.width < 300


def test_the_legend_tells_what_the_letters_mean():
    from cutaway.look.labels import counted

    assert counted(["dead", "", "saturated", "dead"]) == "d: 2 dead, s: 1 saturated"
