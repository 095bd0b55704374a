"""Verdict: a sentence on how a training went, that its numbers bear out."""

import numpy as np
import pytest

from cutaway.measure.verdict import verdict

GOOD = np.array([[95, 5], [3, 97]])
GUESSED = np.array([[60, 40], [55, 45]])  # 105 of 200, where 100 are the most frequent class
POOR = np.array([[70, 30], [30, 70]])
HEALTHY = [[""] * 4]
SICK = [["dead", "saturated", "", ""]]


def epochs(*values):
    return [
        {"epoch": i, "valid_accuracy": accuracy, "valid_loss": loss}
        for i, (accuracy, loss) in enumerate(values, 1)
    ]


FLAT = epochs((0.95, 0.1), (0.951, 0.1))


@pytest.mark.parametrize(
    ("counts", "history", "conditions", "expected"),
    [
        (GOOD, FLAT, HEALTHY, "learned, 96.00% right"),
        (GOOD, [], [], "learned, 96.00% right"),
        (GOOD, epochs((0.8, 0.5), (0.9, 0.3)), HEALTHY,
         "learned, 96.00% right, and still improving: more epochs would help"),
        (GOOD, epochs((0.9, 0.3), (0.95, 0.1), (0.95, 0.2)), HEALTHY,
         "learned, 96.00% right, overfitted since epoch 2"),
        (GOOD, FLAT, [["dead", *[""] * 9]], "learned, 96.00% right, 1 dead of 10 hidden units"),
        (GUESSED, FLAT, HEALTHY,
         "no better than guessing, 52.50% right where one class for all has 50.00%; "
         "try a larger rate, or more epochs"),
        (GUESSED, FLAT, SICK,
         "no better than guessing, 52.50% right where one class for all has 50.00%, "
         "with 1 dead and 1 saturated of 4 hidden units; try a smaller rate, 0.005"),
        (POOR, FLAT, SICK,
         "hardly better than guessing, 70.00% right where one class for all has 50.00%, "
         "with 1 dead and 1 saturated of 4 hidden units; try a smaller rate, 0.005"),
        (GOOD, FLAT, SICK, "learned, 96.00% right, 1 dead and 1 saturated of 4 hidden units"),
    ],
)  # fmt: skip
def test_a_verdict_tells_how_it_went_and_what_to_try(counts, history, conditions, expected):
    assert verdict(counts, history, conditions, 0.05) == expected


def test_guessing_is_what_the_most_frequent_class_has():
    """Nine of ten samples of one class: 90 % right is nothing learned."""
    counts = np.array([[900, 0], [100, 0]])
    assert verdict(counts, FLAT, HEALTHY, 0.1).startswith("no better than guessing, 90.00% right")
