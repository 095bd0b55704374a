"""Filming: which mini-batches are frames, and that captions tell the truth of them."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageDraw

from cutaway.job.earlier import read_run
from cutaway.job.filming import FilmPlan, camera, scenes_of
from cutaway.job.kept import Kept
from cutaway.job.run import run
from cutaway.learn.history import Moment
from cutaway.look import captions
from cutaway.look.tiles import tiles

EPOCH = 10


def moment(step, weights=None):
    weights = np.zeros((4, 1), np.float32) if weights is None else weights
    return Moment(
        epoch=1, step=step, losses=np.ones(1, np.float32), weights=(weights,), biases=(weights[0],),
        metrics={}, seconds=0.0,
    )  # fmt: skip


def kept_of(last=20):
    kept = Kept(moment(0), last)
    for step in kept.wanted:
        kept.add(moment(step, np.full((4, 1), step**0.5, np.float32)))
    return kept


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (dict(pace="batch"), list(range(1, 21))),
        (dict(pace="batch", frames=5), [4, 8, 12, 16, 20]),
        (dict(every=4), [4, 8, 10, 14, 18, 20]),
        (dict(every=50), [10, 20]),
        (dict(pace="log", frames=100), list(range(1, 21))),
        (dict(), list(range(1, 21))),
    ],
)
def test_which_mini_batches_are_frames(plan, expected):
    assert FilmPlan(**plan).steps(kept_of(), EPOCH) == expected


@pytest.mark.parametrize("pace", ["movement", "log"])
@pytest.mark.parametrize("frames", [1, 7, 300])
def test_frames_are_exactly_as_many_as_asked_for(pace, frames):
    steps = FilmPlan(pace=pace, frames=frames).steps(kept_of(3910), 782)
    assert len(steps) == frames
    assert steps[-1] == 3910


def test_movement_shows_more_of_where_the_weights_move_more():
    steps = FilmPlan(frames=100).steps(kept_of(3910), 782)
    assert sum(step <= 978 for step in steps) == pytest.approx(50, abs=5)  # half of the way


@pytest.mark.parametrize(
    ("plan", "rate", "frames"),
    [
        (dict(), 30, 600),
        (dict(pace="log"), 30, 600),
        (dict(pace="batch"), 70, 3910),
        (dict(fps=Fraction(25)), 25, 500),
        (dict(path=Path("a.gif")), 10, 100),
    ],
)
def test_a_film_takes_about_twenty_seconds_unless_it_shows_every_mini_batch(plan, rate, frames):
    plan = FilmPlan(**plan)
    assert len(plan.steps(kept_of(3910), 782)) == frames
    assert plan.rate(frames) == rate


@pytest.mark.parametrize(
    ("plan", "frames", "rate"),
    [(dict(), 80, 8), (dict(), 3, 1), (dict(frames=80), 80, 30), (dict(pace="batch"), 80, 70)],
)
def test_a_short_training_is_shown_slowly_unless_frames_were_asked_for(plan, frames, rate):
    assert FilmPlan(**plan).rate(frames) == rate


def test_a_name_alone_is_one_in_the_run_s_folder():
    out = Path("run")
    assert FilmPlan().inside(out) == Path("run/learn.mp4")
    assert FilmPlan(path=Path("a.gif")).inside(out) == Path("run/a.gif")
    assert FilmPlan(path=Path("other/a.gif")).inside(out) == Path("other/a.gif")


def test_scenes_are_those_that_were_asked_for():
    scenes = scenes_of(map(moment, range(1, 8)), [2, 5])
    assert [step for step, _ in scenes] == [2, 5]


def test_the_tutorials_film_has_a_plain_frame_for_every_mini_batch(
    out, recipe, data, decode, tutorial
):
    result = run(recipe, data, out, seed=3, film=tutorial)
    frames = decode(out / "learn.mp4")
    assert result.frames == 20 == len(frames)
    limit = 7 * float(recipe.make_network(64, 4, seed=3).weights[0].std())
    expected = tiles(result.network.weights[0], shape=(8, 8), limit=limit).astype(int)
    seen = frames[-1][::2, ::2][: len(expected), : expected.shape[1]]
    assert np.abs(seen - expected).mean() < 12


def test_a_film_is_as_high_as_a_projector_and_its_last_frame_the_trained_layer(done, decode):
    folder, result = done
    frames = decode(folder / "learn.mp4")
    assert len(frames) == result.frames == 20
    assert frames[0].shape[0] >= 900
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1


def test_strips_are_filmed_too(out, rows, recipe, decode):
    run(recipe, rows, out, film=FilmPlan())
    assert len(decode(out / "learn.mp4")) == 20


def test_accuracies_in_captions_are_those_of_evaluate_at_that_mini_batch(
    out, recipe, data, monkeypatch
):
    """Whatever is written into a frame is what a network of that mini-batch reaches."""
    told = []
    write = captions.Captions.draw

    def draw(self, number, accuracy, measured):
        told.append((self._steps[number], accuracy, measured))
        return write(self, number, accuracy, measured)

    monkeypatch.setattr(captions.Captions, "draw", draw)
    run(recipe, data, out, seed=3, film=FilmPlan())
    network = recipe.make_network(64, 4, seed=3)
    expected = {
        m.step: network.evaluate(data[1])[1]
        for m in recipe.train(network, data[0], seed=3, every=1)
    }
    assert [step for step, _, _ in told] == list(range(1, 21))
    assert all(measured == step for step, _, measured in told)
    assert [accuracy for _, accuracy, _ in told] == [expected[step] for step, _, _ in told]


def test_between_two_measurements_a_caption_says_of_when_it_is(monkeypatch):
    said = []
    write = ImageDraw.ImageDraw.text

    def text(self, xy, text, *more):
        said.append(text)
        return write(self, xy, text, *more)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    kept = Kept(moment(0), 3910)
    kept.add(moment(1), 0.25)
    kept.end(moment(3910))
    view = camera(
        FilmPlan(), [1, 3910], kept=kept, losses=[1.0] * 3910, epoch=782, shape=(2, 2),
        start=kept.start, end=kept.start,
    )  # fmt: skip
    for number, step, told in ((0, 1, []), (1, 3910, ["at batch 1"])):
        said.clear()
        view.draw(number, (step, kept.start))
        assert "25.00%" in said
        assert [text for text in said if text.startswith("at batch")] == told


def test_accuracies_at_the_ends_of_epochs_are_those_of_the_table(out, recipe, data):
    """Of a training so long that not all of them are looked at."""
    long = dataclasses.replace(recipe, epochs=90, batch_size=155)
    run(long, data, out)
    earlier = read_run(out)
    table = {epoch["step"]: epoch["valid_accuracy"] for epoch in earlier.history.epochs}
    assert len(table) == 90
    assert {step: earlier.accuracies[step] for step in table} == table
