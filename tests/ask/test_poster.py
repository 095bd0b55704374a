"""Poster: neurons and moments are chosen, and told; what makes no poster is refused."""

import numpy as np
import pytest

from cutaway import Moment, poster


def moment(step, first, second=None, accuracy=None, shape=None):
    weights = [np.asarray(w, np.float32) for w in (first, second) if w is not None]
    return Moment(
        epoch=-(-step // 10), step=step, losses=np.zeros(0), weights=tuple(weights),
        biases=tuple(np.zeros(w.shape[1]) for w in weights), seconds=0.0, shape=shape,
        metrics={} if accuracy is None else {"valid_accuracy": accuracy},
    )  # fmt: skip


def training(steps, units=2, classes=2, accuracy=0.5):
    """Unit n speaks for class n % classes, and moves n + 1 times as far as unit 0."""
    second = np.eye(classes)[np.arange(units) % classes]
    far = np.ones((4, 1)) * np.arange(1, units + 1)
    return [
        moment(step, far * step / steps[-1], second, accuracy if step == steps[-1] else None)
        for step in steps
    ]


def told(moments, **options):
    return poster(moments, **options).info["Description"]


def test_a_poster_is_told_in_a_sentence():
    assert told(training([0, 1, 2, 30])) == (
        "poster of all of 2 neurons of 4-2-2, a row each: 0 for 0, 1 for 1; a column each after "
        "0, 1, 2, 30 mini-batches; 30 mini-batches, 50.00% of the validation set right; blue below "
        "zero, orange above, strongest colour at 2"
    )


def test_columns_are_the_moments_nearest_to_round_numbers():
    assert "after 0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3910 mini" in told(
        training([*range(600), 990, 1000, 1004, 2000, 3910])
    )
    assert "after 0, 3, 9, 22 mini" in told(training([0, 3, 9, 22]))  # what was kept
    assert "after 0, 1, 2, 3, 5, 7, 10, 15, 19 mini" in told(training(range(20)))  # there is room
    assert "after 0, 2, 19 mini" in told(training(range(20)), columns=3)


def test_rows_are_the_neurons_that_moved_farthest_of_many_classes():
    many = training([0, 1], units=60, classes=3)
    assert "a row each: 57 for 0, 54 for 0, 58 for 1, 55 for 1, 59 for 2, 56 for 2, 53 for 2;" in (
        told(many)
    )
    assert "2 of 60 neurons of 4-60-3, a row each: 3 for 0, 17 for 2;" in told(
        many, neurons=[3, 17]
    )


def test_classes_have_their_names():
    assert "0 for cat, 1 for dog;" in told(training([0, 1]), class_names=["cat", "dog"])
    only = [moment(step, np.ones((4, 2)) * step) for step in (0, 1)]
    sentence = told(only, class_names=["cat", "dog"])
    assert sentence.startswith("poster of all of 2 classes of 4-2, a row each: cat, dog;")
    assert "; 1 mini-batches; blue" in sentence


def test_a_generator_of_moments_will_do():
    assert told(m for m in training([0, 1])) == told(training([0, 1]))


@pytest.mark.parametrize(
    ("moments", "options", "error", "sentence"),
    [
        (
            training([0, 1])[:1],
            {},
            ValueError,
            "moments must be at least 2, got 1; cutaway train keeps them",
        ),
        ([1, 2], {}, TypeError, r"moments must be a list of Moments, got \[1, 2\]"),
        (
            [*training([0, 1]), *training([2, 3], units=3)],
            {},
            ValueError,
            "moments must be of one training",
        ),
        (training([0, 1]), {"neurons": [2]}, IndexError, "neurons must be at most 1, got 2"),
        (training([0, 1]), {"neurons": [-1]}, IndexError, "neurons must be at least 0, got -1"),
        (training([0, 1]), {"neurons": [0] * 12}, ValueError, "must be 1 to 11 numbers, got 12"),
        (training([0, 1]), {"columns": 29}, ValueError, "columns must be at most 28, got 29"),
        (training([0, 1]), {"columns": 18, "paper": "a4"}, ValueError, "at most 17, got 18"),
        (training([0, 1]), {"class_names": ["a"]}, ValueError, r"one per class \(2\), got 1"),
        (training([0, 1]), {"paper": "a3"}, ValueError, "paper must be one of '16:9', 'a4'"),
    ],
)
def test_what_makes_no_poster_is_refused_in_a_sentence(moments, options, error, sentence):
    with pytest.raises(error, match=f"^poster: .*{sentence}"):
        poster(moments, **options)
