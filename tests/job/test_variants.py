"""Variants: a setting that has values changes that setting alone."""

import pytest

from cutaway.job.variants import variants
from cutaway.learn.recipes import RECIPES
from cutaway.scale.settings import read_variation

RECIPE = RECIPES["lesson9"]


@pytest.mark.parametrize(
    "text", ["lr=0.0005,5e-3", "hidden=none,8,16-8", "batch-size=1,64", "seed=0,1"]
)
def test_no_other_setting_changes(text):
    setting, read = read_variation(text)
    made = variants(setting, read, RECIPE, 7)
    for variant, (word, value) in zip(made, read.items(), strict=True):
        assert (variant.name, variant.folder) == (f"{setting} {word}", f"{setting}={word}")
        field = setting.replace("-", "_")
        expected = {**vars(RECIPE), "seed": 7, field: value}
        assert {**vars(variant.recipe), "seed": variant.seed} == expected
