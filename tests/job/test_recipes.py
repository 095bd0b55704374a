"""Recipes: each learns, and says how."""

import dataclasses

import pytest

from cutaway import SGD, DataLoader, Network, fit
from cutaway.job.run import run
from cutaway.learn.recipes import RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_learns(out, name, data):
    recipe = dataclasses.replace(RECIPES[name], epochs=4, batch_size=16)
    result = run(recipe, data, out)
    assert result.test_accuracy > 0.9
    assert result.network.architecture.sizes == (64, *recipe.hidden, 4)


def test_the_best_recipe_learns_from_moved_pictures(data):
    loader = RECIPES["best"].loader(data[0], seed=0)
    assert len(loader.direct) == 9 * len(data[0])
    assert len(loader.order()) == len(data[0])


def test_waves_need_pictures(out, rows):
    with pytest.raises(ValueError, match=r"^train: start weights of waves need pictures"):
        run(RECIPES["fast"], rows, out)
    assert not out.exists()


def test_a_run_is_fit_with_the_recipes_settings(done, data):
    _, result = done
    network = Network((64, 6, 4), reduction="sum", seed=3)
    history = fit(
        network,
        DataLoader(data[0], 32, shuffle=True, seed=3),
        optimizer=SGD(5e-3),
        epochs=2,
        valid=data[1],
    )
    assert network.fingerprint() == result.network.fingerprint()
    assert [{**e, "seconds": 0} for e in history.epochs] == [
        {**e, "seconds": 0} for e in result.history.epochs
    ]
