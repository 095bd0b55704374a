"""Describe: one sentence that tells what a picture of weights shows."""

import numpy as np
import pytest

from cutaway import grid, neuron
from cutaway.look.describe import clipped, strength

RNG = np.random.default_rng(0)


def told(weights, **options):
    return grid(weights, **options).info["Description"]


def test_a_layer_is_told_with_its_scale_and_its_dead_units():
    marks = [""] * 64
    marks[5] = marks[17] = "dead"
    marks[3] = "saturated"
    sentence = told(np.ones((784, 64)), limit=0.83, legend="hidden layer", marks=marks)
    assert sentence == (
        "hidden layer: 64 units of 28x28 weights, 8 by 8, blue below zero, orange above, "
        "strongest colour at 0.83; 2 dead (5, 17), 1 saturated (3)"
    )


@pytest.mark.parametrize(
    ("weights", "options", "sentence"),
    [
        (
            (64, 1),
            {},
            "1 unit of 8x8 weights, blue below zero, orange above, strongest colour at 1",
        ),
        (
            (81, 5),
            {"style": "classic", "legend": True},
            "5 units of 9x9 weights, 2 by 3, black up to zero, gray to white above, "
            "each tile its own scale",
        ),
        (
            (13, 6),
            {},
            "6 units of 13 weights, a row each, blue below zero, orange above, strongest colour at 1",
        ),
        (
            (12, 2),
            {"shape": (2, 2, 3)},
            "2 units of 2x2x3 weights, 1 by 2, in red, green and blue, darker than middle gray below "
            "zero, brighter above, strongest colour at 1",
        ),
    ],
)
def test_a_picture_says_what_it_is_made_of(weights, options, sentence):
    assert told(np.ones(weights), **options) == sentence


def test_units_are_told_by_their_own_numbers_in_whatever_order_they_are_drawn():
    marks = ["dead", "", "", "dead"]
    assert told(np.ones((4, 4)), marks=marks, order=[3, 1, 2, 0]).endswith("; 2 dead (3, 0)")
    assert told(np.ones((4, 4)), marks=marks, order=[3, 1]).endswith("; 1 dead (3)")
    assert told(np.ones((4, 30)), marks=["dead"] * 30).endswith(
        "30 dead (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...)"
    )


def test_a_neuron_is_told_by_its_number():
    weights = np.ones((64, 3))
    assert (
        neuron(weights, -1, legend=True).info["Description"].startswith("neuron 2: 1 unit of 8x8")
    )


@pytest.mark.parametrize(
    ("stronger", "sentence"),
    [
        (0, "no weight is stronger"),
        (1, "1 in 10,000 weights is stronger"),
        (10, "1 in 1,000 weights is stronger"),
        (13, "1 in 800 weights is stronger"),
        (2500, "1 in 4 weights is stronger"),
    ],
)
def test_the_share_of_weights_that_are_clipped_is_told(stronger, sentence):
    weights = np.ones((100, 100), np.float32)
    weights.flat[:stronger] = -2
    assert clipped(weights, np.ones(1, np.float32)) == sentence


def test_tiles_with_scales_of_their_own_are_told():
    limits = np.ones(2, np.float32)
    assert clipped(np.ones((4, 2), np.float32), limits) == "each tile its own scale"
    assert strength(limits) == "each tile its own scale"
