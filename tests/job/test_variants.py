"""Variants: a setting with values is read, and changes that setting alone."""

import pytest

from cutaway.job.variants import SETTINGS, read_variation, variants
from cutaway.learn.recipes import RECIPES

RECIPE = RECIPES["lesson9"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=0.0005, 5e-3", [0.0005, 0.005]), ("activation=relu,tanh", ["relu", "tanh"]),
        ("hidden=none,8,16-8", [(), (8,), (16, 8)]), ("batch-size=1,64", [1, 64]),
        ("batch_size=1,64", [1, 64]), ("epochs=1,2", [1, 2]), ("optimizer=sgd,adam", ["sgd", "adam"]),
        ("schedule=constant,one-cycle", ["constant", "one-cycle"]),
        ("start=normal,waves", ["normal", "waves"]), ("seed=0,1,2", [0, 1, 2]),
    ],
)  # fmt: skip
def test_values_are_read_as_written_and_no_other_setting_changes(text, values):
    setting, read = read_variation(text)
    assert [*read.values()] == values
    made = variants(setting, read, RECIPE, 7)
    for variant, word, value in zip(made, read, values, strict=True):
        assert (variant.name, variant.folder) == (f"{setting} {word}", f"{setting}={word}")
        field = setting.replace("-", "_")
        expected = {**vars(RECIPE), "seed": 7, field: value}
        assert {**vars(variant.recipe), "seed": variant.seed} == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr", "must be one of lr, .*, with values as in lr=0.005,0.05, got 'lr'"),
        ("colour=1,2", "must be one of lr, .* got 'colour=1,2'"),
        ("lr=1", "must have at least 2 different values of lr, got '1'"),
        ("lr=1,1.0", "must have at least 2 different values of lr, got '1,1.0'"),
        ("lr=1,", "must have numbers of 0 or more for lr, got ''"),
        ("lr=1,nan", "must have numbers of 0 or more for lr, got 'nan'"),
        ("lr=1,-1", "must have numbers of 0 or more for lr, got '-1'"),
        ("hidden=8,8-0", "must have whole numbers of at least 1 for hidden, got '0'"),
        ("hidden=8,²", "must have whole numbers of at least 1 for hidden, got '²'"),
        ("seed=0,-1", "must have whole numbers of at least 0 for seed, got '-1'"),
        ("start=waves,none", "must have normal, waves for start, got 'none'"),
    ],
)
def test_what_is_no_setting_or_value_is_told(text, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        read_variation(text)


def test_there_is_a_reader_for_each_of_these():
    assert {*SETTINGS} >= {
        "lr", "activation", "hidden", "batch-size", "optimizer", "start", "seed"
    }  # fmt: skip
