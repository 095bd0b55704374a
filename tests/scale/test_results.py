"""Results: the best so far; what a table, CSV and pictures say of settings, and how many have room."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cutaway.learn.history import History
from cutaway.scale.results import Results, shown
from cutaway.scale.trial import Trial


def results(rates, widths):
    """One trial of each rate and width."""
    history = History(epochs=[{"epoch": 1, "step": 2, "valid_accuracy": 0.5}])
    pairs = [(lr, hidden) for lr in rates for hidden in widths]
    trials = [
        Trial(number=n, config={}, settings={"lr": lr, "hidden": [hidden], "seed": 0}, history=history,
              valid_accuracy=0.5, accuracy=0.5, curve=([1, 2], [0.5, 0.4]))
        for n, (lr, hidden) in enumerate(pairs)
    ]  # fmt: skip
    return Results(trials, varied=["lr", "hidden"])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1.0, "1"), (1e-5, "1e-05"), (0.12345671, "0.12345671"), ([8, 4], "8-4")],
)
def test_a_value_is_shown_in_few_digits_but_never_as_another(value, text):
    assert shown(value) == text


def test_rates_that_differ_late_are_told_apart():
    found = results([0.1234567, 0.12345671], [4, 8])
    assert {row.split(",")[1] for row in found.csv().splitlines()[1:]} == {
        "0.1234567",
        "0.12345671",
    }
    assert len(found.heat().axes[0].get_yticklabels()) == 2


def test_of_very_many_values_there_is_one_plot_of_curves_and_no_heat_map():
    found = results([n / 977 for n in range(1, 500)], [4, 8])
    assert found.heat() is None
    assert len(found.curves().axes) == 2


def test_json_has_numbers_of_numpy_as_numbers():
    found = results([0.1], [4])
    found.trials[0].config["seed"] = np.int64(3)
    assert json.loads(found.json())["trials"][0]["config"] == {"seed": 3}


def test_a_table_of_two_settings_and_seeds_is_no_wider_than_a_terminal():
    found = results([0.0005, 0.05], [16, 64, 256])
    for n, trial in enumerate([*found.trials]):
        trial.seconds = 12.3
        again = replace(trial, number=6 + n, accuracy=0.6123, valid_accuracy=0.6123)
        found.trials.append(again)
    lines = str(Results(found.trials, test=True, varied=found.varied)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].split()[:5] == ["0.0005", "16", "2", "55.61%", "(50.0-61.2)"]
    assert lines[1].endswith("  best")


class Watched(Trial):
    """A trial that counts how often it is looked at."""

    looks = 0

    def __getattribute__(self, name):
        if name == "valid_accuracy":
            Watched.looks += 1
        return super().__getattribute__(name)


def test_who_asks_for_the_best_at_each_trial_has_each_looked_at_a_few_times(monkeypatch):
    """However many there are: not all of them at each, which is a million for a thousand."""
    monkeypatch.setattr(Watched, "looks", 0)
    accuracies = [None, *np.random.default_rng(0).integers(0, 99, 999) / 99]
    found, best = Results(), []
    for number, accuracy in enumerate(accuracies):
        found.trials.append(Watched(number=number, config={}, settings={}, valid_accuracy=accuracy))
        best.append(found.best)
    assert Watched.looks < 10 * len(accuracies)
    assert best[0] is None
    for count in range(2, len(accuracies) + 1):
        highest = max(accuracies[1:count])
        assert best[count - 1] is found.trials[accuracies.index(highest)]
