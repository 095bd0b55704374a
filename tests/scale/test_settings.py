"""Settings: a configuration is a training in all its settings; what is none is told in a sentence."""

import dataclasses
import re

import pytest

from cutaway.learn.recipes import RECIPES
from cutaway.scale.settings import SETTINGS, VARIED, plan_of, read_variation


def test_what_is_not_given_is_the_recipe_s_own():
    assert plan_of("sweep", {}).recipe == RECIPES["lesson9"]
    plan = plan_of("sweep", {"recipe": "lesson5", "hidden": [64, 32], "batch-size": 32, "lr": 1})
    changed = dict(hidden=(64, 32), batch_size=32, lr=1.0)
    assert plan.recipe == dataclasses.replace(RECIPES["lesson5"], **changed)
    assert (plan.seed, plan.backend, plan.threads) == (0, "auto", None)


def test_a_key_tells_all_that_decides_about_the_bits_and_nothing_else():
    key = plan_of("sweep", {"lr": 0.005}).key
    assert key == plan_of("sweep", {"recipe": "lesson9", "threads": 2}).key
    others = [{"seed": 1}, {"lr": 0.1}, {"recipe": "best"}, {"backend": "numpy"}, {"epochs": 6}]
    assert all(plan_of("sweep", other).key != key for other in others)
    assert {*key} == {*vars(RECIPES["lesson9"]), "seed", "backend"} - {"draws"}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"rate": 0.1}, "must have settings once each, of lr, .*, got 'rate'"),
        ({1: 2}, "must have settings once each, of lr, .*, got 1"),
        ({"batch-size": 2, "batch_size": 3}, "must have settings once each, .*, got 'batch_size'"),
        ([], "must be a dictionary of settings, got \\[\\]"),
        ({"lr": -0.1}, ": lr must be 0 or more, got -0.1"),
        ({"lr": float("nan")}, ": lr must be finite, got nan"),
        ({"lr": "0.1"}, ": lr must be a number, got '0.1'"),
        ({"hidden": 64}, ": hidden must be a tuple, the units of each layer, got 64"),
        ({"hidden": (64, 0)}, ": hidden must be at least 1, got 0"),
        ({"epochs": 0}, ": epochs must be at least 1, got 0"),
        ({"seed": True}, ": seed must be an integer, got True"),
        ({"start": "none"}, ": start must be one of 'normal', 'waves', got 'none'"),
        ({"recipe": "slow"}, ": recipe must be one of 'lesson9', .*, got 'slow'"),
        ({"backend": "gpu"}, ": backend must be one of .*, got 'gpu'"),
        ({"threads": 0}, ": threads must be at least 1, got 0"),
    ],
)
def test_what_is_no_setting_or_value_is_told(config, sentence):
    with pytest.raises((ValueError, TypeError), match=f"^config 7 ?{sentence}$"):
        plan_of("config 7", config)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=0.0005, 5e-3", [0.0005, 0.005]), ("activation=relu,tanh", ["relu", "tanh"]),
        ("hidden=none,8,16-8", [(), (8,), (16, 8)]), ("batch-size=1,64", [1, 64]),
        ("batch_size=1,64", [1, 64]), ("epochs=1,2", [1, 2]), ("optimizer=sgd,adam", ["sgd", "adam"]),
        ("schedule=constant,one-cycle", ["constant", "one-cycle"]),
        ("start=normal,waves", ["normal", "waves"]), ("seed=0,1,2", [0, 1, 2]),
        ("recipe=lesson5,fast", ["lesson5", "fast"]),
    ],
)  # fmt: skip
def test_values_are_read_as_written_and_are_those_of_a_configuration(text, values):
    setting, read = read_variation(text)
    assert [*read.values()] == values
    assert setting in text.replace("_", "-")
    for value in read.values():
        assert plan_of("vary", {setting: value})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr", "must be one of lr, .*, with values as in lr=0.005,0.05, got 'lr'"),
        ("colour=1,2", "must be one of lr, .* got 'colour=1,2'"),
        ("threads=1,2", "must be one of lr, .* got 'threads=1,2'"),
        ("lr=1", "must have at least 2 different values of lr, got '1'"),
        ("lr=1,1.0", "must have at least 2 different values of lr, got '1,1.0'"),
        ("lr=1,", "lr must be a number, got ''"),
        ("lr=1,nan", "lr must be finite, got nan"),
        ("lr=1,-1", "lr must be 0 or more, got -1"),
        ("hidden=8,8-0", "hidden must be at least 1, got 0"),
        ("hidden=8,²", "hidden must be an integer, got '²'"),
        ("batch-size=0,1", "batch-size must be at least 1, got 0"),
        ("seed=0,-1", "seed must be an integer, got '-1'"),
        ("start=waves,none", "start must be one of 'normal', 'waves', got 'none'"),
    ],
)
def test_what_cannot_vary_so_is_told(text, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        read_variation(text, VARIED)


def test_one_value_may_be_enough_but_never_the_same_twice():
    assert read_variation("lr=0.1", VARIED, least=1) == ("lr", {"0.1": 0.1})
    with pytest.raises(ValueError, match=re.escape("must have different values of lr, got '1,1'")):
        read_variation("lr=1,1", VARIED, least=1)


def test_there_is_a_setting_for_each_of_these():
    assert {*SETTINGS} >= {
        "lr",
        "activation",
        "hidden",
        "batch_size",
        "optimizer",
        "seed",
        "recipe",
    }
