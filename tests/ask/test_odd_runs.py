"""Every question of odd runs: few features, no hidden layer or three, many classes, long names."""

from typing import NamedTuple

import numpy as np
import pytest

import cutaway
from cutaway import SGD, DataLoader, Dataset, Network


class Run(NamedTuple):
    """A network that learned a little, its data, and moments of its training."""

    network: Network
    data: Dataset
    past: list


QUESTIONS = {
    "poster": lambda run, **theme: cutaway.poster(run.past, **theme),
    "biography": lambda run, **theme: cutaway.biography(
        run.network, run.data, 1, moments=run.past, **theme
    ),
    "ranking": lambda run, **theme: cutaway.biography(run.network, run.data, **theme),
    "mistakes": lambda run, **theme: cutaway.mistakes(run.network, run.data, **theme),
    "why": lambda run, **theme: cutaway.why(run.network, 3, data=run.data, **theme),
    "batch": lambda run, **theme: cutaway.batch(
        run.network, run.data, range(64), optimizer=SGD(0.1), **theme
    ),
    "first": lambda run, **theme: cutaway.first(run.network, run.past, run.data, **theme),
    "doubt": lambda run, **theme: cutaway.doubt(run.network, run.data, **theme),
    "landscape": lambda run, **theme: cutaway.landscape(run.network, run.data, run.past, **theme),
    "race": lambda run, **theme: cutaway.race({"lr 0.1": run.past}, **theme),
}
RUNS = {  # shape of an input, hidden layers, classes, and how a class is named
    "flowers": ((4,), (8,), 3, "iris {}"),
    "no hidden layer": ((8, 8), (), 10, "{}"),
    "three hidden layers": ((8, 8), (12, 8, 6), 10, "{}"),
    "two classes": ((8, 8), (5,), 2, "{}"),
    "a hundred classes": ((8, 8), (5,), 100, "{}"),
    "names of 40 letters": ((8, 8), (5,), 10, "a{} " + 37 * "m"),
    "wide pictures of pixels": ((3, 40), (5,), 4, "{}"),
    "many features": ((300,), (5,), 4, "{}"),
}
REFUSED = {("ranking", "no hidden layer"): "biography: neuron must be a class's, 0 to 9, of a net"}


@pytest.fixture(scope="module")
def runs():
    """All of them, by name."""
    made = {}
    for run, (shape, hidden, classes, name) in RUNS.items():
        rng = np.random.default_rng(0)
        labels = np.arange(300) % classes
        images = rng.normal(size=(classes, *shape))[labels] + rng.normal(size=(300, *shape))
        if "pixels" in run:
            images = (128 + 30 * images).clip(0, 255).astype(np.uint8)
        names = [name.format(n) for n in range(classes)]
        data = Dataset(images.astype(np.float32) if images.dtype == float else images, labels,
                       class_names=names)  # fmt: skip
        network = Network((int(np.prod(shape)), *hidden, classes), backend="cpu")
        training = cutaway.train(network, DataLoader(data, 30), optimizer=SGD(0.5), every=5)
        made[run] = Run(network, data, list(training))
    return made


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_an_odd_run_is_a_picture_or_a_sentence(runs, question, run):
    theme = "dark" if len(run) % 2 else "light"
    if (question, run) in REFUSED:
        with pytest.raises(ValueError, match=f"^{REFUSED[question, run]}"):
            QUESTIONS[question](runs[run], theme=theme)
        return
    image = QUESTIONS[question](runs[run], theme=theme)
    assert image.mode == "RGB"
    assert min(image.size) >= 300
    assert max(image.size) <= 2400
    assert 10 < len(image.info["Description"].splitlines()[0]) == len(image.info["Description"])
    pixels = np.asarray(image)
    edge = np.concatenate([pixels[:4].reshape(-1, 3), pixels[:, -4:].reshape(-1, 3)])
    assert (edge == pixels[0, 0]).all(), "something is cut at the top or at the right"
