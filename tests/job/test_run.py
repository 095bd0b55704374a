"""A run: the same is learned whatever is drawn, and it leaves its files however it ends."""

import dataclasses
import json

import pytest

from cutaway import load
from cutaway.job.recipes import RECIPES
from cutaway.job.run import run


def test_the_film_has_a_frame_for_every_mini_batch(done, decode):
    folder, result = done
    assert result.frames == 20 == len(decode(folder / "learn.mp4"))
    assert len(result.history.losses) == 20


def test_with_fewer_frames_or_without_a_film_the_same_is_learned(
    done, out, recipe, data, files, decode
):
    _, first = done
    fewer = run(recipe, data, out, seed=3, every=4)
    assert fewer.frames == 6 == len(decode(out / "learn.mp4"))
    without = run(recipe, data, out.parent / "second", seed=3, film=False)
    assert [path.name for path in without.files] == files[1:]
    assert without.frames == 0
    for result in (fewer, without):
        assert result.network.fingerprint() == first.network.fingerprint()
        assert result.history.losses == first.history.losses


def test_the_fast_recipe_draws_only_when_asked(out, data, files, contents):
    recipe = dataclasses.replace(RECIPES["fast"], hidden=(6,))
    plain = run(recipe, data, out)
    assert sorted(contents(out)) == ["history.json", "model.safetensors"]
    drawn = run(recipe, data, out, film=True)
    assert sorted(contents(out)) == sorted(files)
    assert drawn.network.fingerprint() == plain.network.fingerprint()


def test_the_seed_decides_and_nothing_else(out, recipe, data):
    prints = [
        run(recipe, data, out, film=False, seed=seed, threads=threads).network.fingerprint()
        for seed, threads in ((0, 1), (0, 2), (1, 1))
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("step", [1, 10])
def test_ctrl_c_ends_the_run_and_what_was_learned_is_written(
    out, step, recipe, data, files, decode, stop_at
):
    result = run(recipe, data, out, watch=stop_at(step, KeyboardInterrupt))
    assert result.interrupted
    assert result.test_accuracy is None
    assert result.files == [out / name for name in files]
    assert result.frames == step == len(decode(out / "learn.mp4"))
    assert len(json.loads((out / "history.json").read_text())["losses"]) == step
    assert load(out / "model.safetensors").fingerprint() == result.network.fingerprint()


def test_any_other_error_keeps_the_older_run_as_it_was(out, recipe, data, contents, stop_at):
    run(recipe, data, out)
    before = contents(out)
    with pytest.raises(OSError, match="no pipe"):
        run(recipe, data, out, seed=1, watch=stop_at(7, OSError("no pipe")))
    assert contents(out) == before


def test_a_loss_that_is_no_longer_finite_leaves_nothing(out, data, contents):
    wild = dataclasses.replace(RECIPES["lesson5"], lr=1e30)
    with pytest.raises(RuntimeError, match="the loss must stay finite"):
        run(wild, data, out)
    assert contents(out) == {}
