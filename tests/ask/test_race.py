"""Race: trainings of Python are drawn side by side; what makes no race is refused."""

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Moment, Network, race, train


def moments(dataset, lr=0.5, hidden=(5,), **options):
    network = Network((dataset.images.shape[1], *hidden, dataset.classes), backend="cpu")
    loader = DataLoader(dataset, 20, shuffle=True)
    return train(network, loader, optimizer=SGD(lr), epochs=2, valid=dataset, **options)


def moment(step, layer, losses=(), accuracy=None, shape=None):
    metrics = {} if accuracy is None else {"valid_accuracy": accuracy}
    weights = np.asarray(layer, np.float32)
    return Moment(
        epoch=1, step=step, losses=np.array(losses), weights=(weights,), biases=(weights[0],),
        metrics=metrics, seconds=0.0, shape=shape,
    )  # fmt: skip


def told(trainings, **options):
    return race(trainings, **options).info["Description"]


def test_a_race_is_told_in_a_sentence_with_the_numbers_of_each():
    trainings = {
        "slow": [moment(1, np.ones((4, 2)), [3.0], 0.25), moment(2, np.ones((4, 2)), [2.0], 0.5)],
        "fast": [moment(1, np.ones((4, 3)), [3.0]), moment(2, np.ones((4, 3)), [0.5])],
    }
    assert told(trainings, notes={"fast": "no validation set"}) == (
        "race of 2 trainings: slow: validation 50.00%, loss 2.000; fast: loss 0.500, no validation set; "
        "tiles are the first 16 units of the first layer, blue below zero, orange above, strongest "
        "colour at 1"
    )


@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
@pytest.mark.parametrize("kind", ["stripes", "numbers"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_moments_are_those_that_train_yields(request, kind, hidden, theme):
    dataset = request.getfixturevalue(kind)
    trainings = {f"lr {lr}": moments(dataset, lr, hidden, every=3) for lr in (0.1, 1)}
    image = race(trainings, theme=theme)
    assert image.info["Description"].count("validation ") == 2
    assert min(image.size) >= 300


def test_weights_that_are_not_finite_are_left_out():
    last = moment(2, np.full((4, 2), np.nan), [1.0])
    assert "colour at 1" in told({"a": [moment(1, np.ones((4, 2)), [1.0]), last]})
    assert race({"a": [moment(1, np.full((4, 2), np.inf), [1.0])]})


GOOD = [moment(1, np.ones((4, 2)), [1.0])]


@pytest.mark.parametrize(
    ("trainings", "options", "error", "text"),
    [
        ([GOOD], {}, TypeError, "trainings must be a dict with a name of each, got "),
        ({}, {}, ValueError, "trainings must be from 1 to 6, got 0"),
        ({str(n): GOOD for n in range(7)}, {}, ValueError, "trainings must be from 1 to 6, got 7"),
        ({1: GOOD}, {}, TypeError, "a name in trainings must be text, got 1"),
        ({"a": []}, {}, ValueError, "moments must be at least 1 of 'a', got 0"),
        ({"a": [1]}, {}, TypeError, "moments must be a list of Moments, got "),
        ({"a": GOOD}, {"notes": {"b": "x"}}, ValueError, "a name in notes must be one of 'a', got 'b'"),
        ({"a": GOOD}, {"notes": {"a": 1}}, TypeError, "a note must be text, got 1"),
        ({"a": GOOD, "b": [moment(1, np.ones((5, 2)), [1.0])]}, {}, ValueError,
         "trainings must be of inputs of one shape, got "),
        ({"a": [moment(9, np.ones((4, 2)), [1.0])]}, {}, ValueError,
         "moments must be all of a training, got 1 losses of 9 mini-batches of 'a'"),
        ({"a": [moment(1, np.ones((4, 2)), [np.nan])]}, {}, ValueError, "losses must be finite"),
    ],
)  # fmt: skip
def test_what_makes_no_race_is_refused_in_a_sentence(trainings, options, error, text):
    with pytest.raises(error) as caught:
        race(trainings, **options)
    assert str(caught.value).startswith(f"race: {text}")
