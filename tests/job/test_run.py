"""A run: the same is learned whatever is drawn, and it leaves its files however it ends."""

import dataclasses
import json

import pytest

from cutaway import load
from cutaway.job.filming import FilmPlan
from cutaway.job.run import run
from cutaway.learn.history import Place
from cutaway.learn.recipes import RECIPES, Recipe
from cutaway.learn.training import Moments


def test_whatever_film_is_made_the_same_is_learned(done, out, recipe, data, files, contents):
    _, filmed = done
    plain = run(recipe, data, out, seed=3)
    assert sorted(contents(out)) == sorted(set(files) - {"learn.mp4"})
    assert plain.frames == 0
    assert plain.network.fingerprint() == filmed.network.fingerprint()
    assert plain.history.losses == filmed.history.losses


def test_without_pictures_there_are_only_numbers(out, recipe, data, contents):
    run(recipe, data, out, pictures=False, page=False)
    assert sorted(contents(out)) == ["history.json", "model.safetensors", "moments.safetensors"]


def test_the_seed_decides_and_nothing_else(out, recipe, data):
    prints = [
        run(recipe, data, out, seed=seed, threads=threads).network.fingerprint()
        for seed, threads in ((0, 1), (0, 2), (1, 1))
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("step", [1, 10])
def test_ctrl_c_ends_the_training_and_what_was_learned_is_written(
    out, step, recipe, data, files, decode, stop_at
):
    result = run(recipe, data, out, film=FilmPlan(), watch=stop_at(step, KeyboardInterrupt))
    assert result.interrupted
    assert result.test_accuracy is None
    assert result.files == [out / name for name in files]
    assert result.frames == step == len(decode(out / "learn.mp4"))
    assert len(json.loads((out / "history.json").read_text())["losses"]) == step
    assert load(out / "model.safetensors").fingerprint() == result.network.fingerprint()


def test_ctrl_c_before_anything_is_learned_leaves_the_start(out, recipe, data, monkeypatch):
    def train(_, network, *__, **___):
        return Moments(stopped(), network, Place(), {})

    monkeypatch.setattr(Recipe, "train", train)
    result = run(recipe, data, out, film=FilmPlan())
    assert (result.interrupted, result.frames, result.kept) == (True, 0, 1)
    assert load(out / "model.safetensors").fingerprint() == result.network.fingerprint()


def stopped():
    raise KeyboardInterrupt
    yield


def test_ctrl_c_while_the_film_is_made_leaves_it_shorter_but_whole(
    out, recipe, data, files, decode, done
):
    def watch_film(frames, of):
        assert of == 20
        if frames == 7:
            raise KeyboardInterrupt

    result = run(recipe, data, out, seed=3, film=FilmPlan(), watch_film=watch_film)
    assert result.interrupted
    assert result.test_accuracy == done[1].test_accuracy
    assert result.frames == 7 == len(decode(out / "learn.mp4"))
    assert result.network.fingerprint() == done[1].network.fingerprint()
    assert result.files == [out / name for name in files]


def test_a_film_that_fails_costs_nothing_of_what_was_learned(out, recipe, data, contents, files):
    run(recipe, data, out, film=FilmPlan())

    def watch_film(*_):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(recipe, data, out, seed=1, film=FilmPlan(), watch_film=watch_film)
    assert sorted(contents(out)) == sorted(set(files) - {"learn.mp4"})  # nor is there an older one
    assert json.loads((out / "history.json").read_text())["seed"] == 1


def test_any_other_error_keeps_the_older_run_as_it_was(out, recipe, data, contents, stop_at):
    run(recipe, data, out, film=FilmPlan())
    before = contents(out)
    with pytest.raises(OSError, match="no pipe"):
        run(recipe, data, out, seed=1, watch=stop_at(7, OSError("no pipe")))
    assert contents(out) == before


def test_a_loss_that_is_no_longer_finite_leaves_nothing(out, data, contents):
    wild = dataclasses.replace(RECIPES["lesson5"], lr=1e30)
    with pytest.raises(RuntimeError, match="the loss must stay finite"):
        run(wild, data, out)
    assert contents(out) == {}


def test_accuracies_are_told_as_they_are_measured(out, recipe, data):
    told = {}
    result = run(recipe, data, out, seed=3, measured=told.__setitem__)
    assert [*told] == list(range(1, 21))
    assert told[20] == result.network.evaluate(data[1])[1]
