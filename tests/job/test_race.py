"""Race: trainings side by side are those that would be alone; one that fails is part of the result."""

import dataclasses
import threading

import numpy as np
import pytest

from cutaway import load
from cutaway.job.filming import FilmPlan
from cutaway.job.race import race
from cutaway.job.run import run
from cutaway.job.variants import Variant
from cutaway.learn.recipes import RECIPES


@pytest.fixture
def variants(recipe):
    return lambda *rates, base=recipe: [
        Variant(name=f"lr {rate:g}", recipe=dataclasses.replace(base, lr=rate), seed=3)
        for rate in rates
    ]


@pytest.fixture
def wild(variants):
    """Of lesson 5, one that learns and one that does not."""
    base = dataclasses.replace(RECIPES["lesson5"], hidden=(6,), optimizer="sgd", batch_size=32)
    return variants(0.1, 1e6, base=base)


def test_each_folder_is_what_a_run_alone_leaves_to_the_bit(out, variants, data, contents, tmp_path):
    result = race(variants(0.001, 0.1), data, out, threads=2)
    for lane in result.lanes:
        alone = tmp_path / lane.variant.folder
        run(lane.variant.recipe, data, alone, seed=3, threads=1, page=False)
        raced, expected = contents(lane.folder), contents(alone)
        assert raced.keys() == expected.keys()
        for name in ("hidden.png", "neuron.png", "loss.png"):
            assert raced[name] == expected[name]
        one, other = (load(folder / "model.safetensors") for folder in (lane.folder, alone))
        assert one.fingerprint() == other.fingerprint()


def test_what_is_shown_is_what_each_was_then(out, variants, data):
    result = race(variants(0.001, 0.1), data, out)
    assert result.steps == list(range(1, 21))
    for lane in result.lanes:
        network = lane.variant.recipe.make_network(64, 4, seed=3)
        for moment in lane.variant.recipe.train(network, data[0], seed=3, every=1):
            expected = moment.weights[0].astype(np.float16).astype(np.float32)
            np.testing.assert_array_equal(lane.layer(moment.step), expected)
            if moment.step in lane.accuracies:
                assert lane.accuracies[moment.step] == network.evaluate(data[1])[1]
        assert {1, 10, 20} <= lane.accuracies.keys()


def test_a_film_of_all_ends_with_what_all_have_learned(out, variants, data, decode):
    result = race(variants(0.001, 0.1), data, out)
    told = []
    result.film(FilmPlan(), out / "race.mp4", lambda n, of: told.append((n, of)))
    frames = decode(out / "race.mp4")
    assert result.frames == 20 == len(frames)
    assert told == [(n, 20) for n in range(1, 21)]
    height, width = frames[0].shape[:2]
    assert width <= 1920
    assert height >= 700
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1


def test_frames_are_as_many_as_asked_for(out, variants, data):
    assert len(race(variants(0.001, 0.1), data, out, frames=7).steps) == 7


def test_a_shorter_training_stays_as_it_ended(out, recipe, data):
    sizes = [
        Variant(name=f"batch-size {n}", recipe=dataclasses.replace(recipe, batch_size=n), seed=0)
        for n in (155, 31)
    ]
    short, long = race(sizes, data, out).lanes
    assert (short.steps[-1], long.steps[-1]) == (4, 20)
    np.testing.assert_array_equal(short.layer(20), short.layer(4))
    assert short.entry().told(20)[1].endswith("ended at batch 4")


def test_a_training_that_fails_is_told_and_leaves_no_folder(out, wild, data):
    out.mkdir(parents=True)
    older = race([dataclasses.replace(wild[0], name="lr 1e+06"), wild[0]], data, out)
    assert (out / "lr=1e+06").is_dir()  # of an earlier race, in which it did not fail
    assert not any(lane.failure for lane in older.lanes)
    good, bad = race(wild, data, out).lanes
    assert good.failure is None
    assert bad.result is None
    assert [path.name for path in out.iterdir()] == [good.folder.name]
    assert load(good.folder / "model.safetensors").fingerprint()
    assert bad.entry().told(20) == (
        f"failed at batch {bad.failure.step}", "its loss is not finite any more"
    )  # fmt: skip
    assert bad.entry().note == "try a smaller lr (it was 1e+06)"
    assert bad.summary()["failure"].startswith("train: the loss must stay finite, got nan")


def test_weights_that_are_not_finite_at_the_end_are_a_failure_too(out, wild, data):
    training, last = data[0].subset(np.arange(32)), wild[1]
    recipe = dataclasses.replace(last.recipe, lr=3e38, reduction="sum", schedule="constant")
    with pytest.warns(UserWarning, match="not finite"):
        (lane,) = race([dataclasses.replace(last, recipe=recipe)], (training, *data[1:]), out).lanes
    assert lane.entry().told(1)[0] == "failed at batch 1"


def test_a_variant_that_cannot_be_leaves_nothing(out, recipe, rows):
    sizes = [
        Variant(name=start, recipe=dataclasses.replace(recipe, start=start), seed=0)
        for start in ("normal", "waves")
    ]
    with pytest.raises(ValueError, match="start weights of waves need pictures"):
        race(sizes, rows, out)
    assert not out.exists()


def test_what_others_wrote_is_kept_and_told_before_anything_is_learned(
    out, variants, data, contents
):
    out.mkdir(parents=True)
    (out / "race.mp4").write_text("a letter")
    seen = []
    with pytest.raises(FileExistsError, match="was not written by cutaway"):
        race(variants(0.1, 1), data, out, files=[out / "race.mp4"], watch=seen.append)
    assert seen == []
    assert contents(out) == {"race.mp4": b"a letter"}


def test_an_error_in_one_ends_all(out, recipe, data):
    seen = []
    lengths = [
        Variant(name=f"epochs {n}", recipe=dataclasses.replace(recipe, epochs=n), seed=0)
        for n in (1, 500)
    ]

    def watch(moment):
        seen.append(moment.step)
        if seen.count(5) == 1 and moment.step == 5:
            raise OSError("no pipe")

    with pytest.raises(OSError, match="no pipe"):
        race(lengths, data, out, threads=2, watch=watch)
    assert max(seen) < 5000
    assert not [t for t in threading.enumerate() if t.name.startswith("cutaway race")]
