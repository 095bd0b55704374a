"""Results: the trials of a sweep go in; the best, a table, CSV, JSON and pictures come out."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..files import MARK, replacing
from ..look.sweep import Bundle, heat_map, sweep_curves
from ..look.theme import THEMES
from .trial import Trial

if TYPE_CHECKING:
    from ..look.figure import Figure

_MOST_ROWS = 60  # of a table for people
_SHOWN = 60  # characters of an error
_MOST_PANELS, _MOST_LINES = 12, 6  # of curves: more would be too wide, or too many for colours
_MOST_CELLS = 100  # of a heat map, to each side
_COLUMNS = ("valid_accuracy", "accuracy", "seconds", "fingerprint", "error")


class Results:
    """What has come of a sweep so far.

    Args:
        trials: As they came.
        test: Whether there is a test set.
        varied: As differing() returns of all that will come.

    Attributes:
        trials: As they came; more may come, and none goes.
        varied: The settings in which trials differ, but for the seed.
    """

    def __init__(
        self, trials: Iterable[Trial] = (), *, test: bool = False, varied: Sequence[str] = ()
    ) -> None:
        self.trials: list[Trial] = [*trials]
        self._test, self.varied = test, [*varied]
        self._best: Trial | None = None
        self._compared = 0  # trials, of which that is the best

    @property
    def best(self) -> Trial | None:
        """The one with the highest validation accuracy, the first of several; None if all failed."""
        new = self.trials[self._compared :]  # a sweep asks at each trial
        self._compared += len(new)
        good = [trial for trial in (self._best, *new) if trial and trial.valid_accuracy is not None]
        self._best = min(good, key=rank, default=None)
        return self._best

    def groups(self) -> list[tuple[dict[str, Any], list[Trial]]]:
        """Return trials that differ in their seeds alone, with their settings that others do not share."""
        names = self.varied
        found: dict[tuple[Any, ...], tuple[dict[str, Any], list[Trial]]] = {}
        for trial in sorted(self.trials, key=lambda trial: trial.number):
            values = {name: trial.settings[name] for name in names}
            key = tuple(map(_hashable, values.values()))
            found.setdefault(key, (values, []))[1].append(trial)
        return [*found.values()]

    def csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return a line per trial, and write them to a file if one is named.

        Raises:
            OSError: if it cannot be written.
        """
        text = io.StringIO()
        ordered = sorted(self.trials, key=lambda trial: trial.number)
        names = [*ordered[0].settings] if ordered else []
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["number", *names, *_COLUMNS, "written_by"])
        for trial in ordered:
            settings = [shown(trial.settings[name]) for name in names]
            told = [getattr(trial, each) for each in _COLUMNS]
            lines.writerow([trial.number, *settings, *told, MARK])
        return _written("csv", text.getvalue(), path)

    def json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return all but the networks as one JSON object; arguments as for csv()."""
        best = self.best
        ordered = sorted(self.trials, key=lambda trial: trial.number)
        told = {
            "written_by": MARK,
            "trials": [trial.row() for trial in ordered],
            "best": None if best is None else best.number,
        }
        return _written("json", json.dumps(told, indent=1, default=_plain) + "\n", path)

    def curves(self, theme: str = "light") -> Figure | None:
        """Draw losses and validation errors, with a band over seeds; None if nothing was learned.

        Args:
            theme: "light" or "dark".
        """
        theme = checks.choice("curves", "theme", theme, tuple(THEMES))
        groups = [(values, _learned(trials), trials) for values, trials in self.groups()]
        inner = self.varied
        if len(inner) == 2:
            panels, lines = ({shown(v[name]) for v, _, _ in groups} for name in inner)
            if len(panels) <= _MOST_PANELS and len(lines) <= _MOST_LINES:
                inner = inner[1:]
        bundles = [
            Bundle(
                name=_named(values, inner) or "all",
                panel=_named(values, [name for name in values if name not in inner]),
                steps=learned[0].curve[0] if learned else (),
                losses=[trial.curve[1] for trial in learned],
                ends=[epoch["step"] for epoch in learned[0].history.epochs] if learned else (),
                accuracies=[
                    [epoch["valid_accuracy"] for epoch in trial.history.epochs] for trial in learned
                ],
                failed=len(trials) - len(learned),
            )
            for values, learned, trials in groups
        ]
        if not any(learned for _, learned, _ in groups):
            return None
        return sweep_curves(bundles, theme=theme)

    def heat(self, theme: str = "light") -> Figure | None:
        """Draw what two settings do together; None unless two vary, beside the seed, with room for all.

        Args:
            theme: "light" or "dark".
        """
        theme = checks.choice("heat", "theme", theme, tuple(THEMES))
        if len(self.varied) != 2:
            return None
        first, second = self.varied
        cells = {
            (shown(values[first]), shown(values[second])): [
                trial.valid_accuracy for trial in trials if trial.valid_accuracy is not None
            ]
            for values, trials in self.groups()
        }
        rows, columns = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
        if max(len(rows), len(columns)) > _MOST_CELLS:
            return None
        return heat_map(
            [[cells.get((row, column), []) for column in columns] for row in rows],
            names=(_title(first), _title(second)), rows=rows, columns=columns, theme=theme,
        )  # fmt: skip

    def table(self) -> list[list[str]]:
        """Return rows of text, the head first: one for trials that differ in their seeds alone."""
        names = self.varied
        groups, best = self.groups(), self.best
        kinds = ["valid_accuracy", *(["accuracy"] if self._test else [])]
        titles = ["validation accuracy", "test accuracy"][: len(kinds)]
        several = any(len(trials) > 1 for _, trials in groups)
        rows = [[*map(_title, names), *(["seeds"] if several else []),
                 *titles, "seconds", ""]]  # fmt: skip
        for values, trials in groups:
            failed = [trial for trial in trials if trial.error]
            rows.append([
                *(shown(values[name]) for name in names), *([str(len(trials))] if several else []),
                *(_range([getattr(trial, kind) for trial in trials]) for kind in kinds),
                f"{sum(trial.seconds for trial in trials):.2f}",
                _remark(failed, len(trials), best in trials),
            ])  # fmt: skip
        return rows

    def __str__(self) -> str:
        """Return a table to be read in a fixed-width font."""
        if not self.trials:
            return "no results yet"
        rows = self.table()
        left_out = len(rows) - 1 - _MOST_ROWS
        rows = rows[: 1 + _MOST_ROWS]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for *cells, remark in rows:
            padded = [f"{text:>{n}}" for text, n in zip(cells, wide, strict=False)]
            lines.append("  ".join([*padded, remark]).rstrip())
        lines += [f"... and {left_out} more; csv() has all"] if left_out > 0 else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if not self.trials:
            return "<p>no results yet</p>"
        head, *rows = self.table()
        shown_rows = rows[:_MOST_ROWS]
        cell = 'style="padding:2px 12px;text-align:right;font-variant-numeric:tabular-nums"'
        top = "".join(f"<th {cell}>{escape(text)}</th>" for text in head)
        body = "".join(
            "<tr>" + "".join(f"<td {cell}>{escape(text)}</td>" for text in row) + "</tr>"
            for row in shown_rows
        )
        left_out = len(rows) - len(shown_rows)
        more = f"<p>and {left_out} more: csv() has all</p>" if left_out else ""
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{more}"


def differing(
    settings: Sequence[Mapping[str, Any]], configs: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return the names of the settings in which trainings differ, but for the seed.

    Args:
        settings: All settings of each.
        configs: Of each, those that were given: in their order come the names.
    """
    given = dict.fromkeys(name.replace("-", "_") for config in configs for name in config)
    names = [*(name for name in given if name in settings[0]), *settings[0]]
    values = {name: {_hashable(each[name]) for each in settings} for name in dict.fromkeys(names)}
    return [name for name, found in values.items() if name != "seed" and len(found) > 1]


def rank(trial: Trial) -> tuple[float, int]:
    """Return what is smallest for the best trial."""
    return -(trial.valid_accuracy if trial.valid_accuracy is not None else -1.0), trial.number


def _title(name: str) -> str:
    return name.replace("_", "-")


def _named(values: dict[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{_title(name)} {shown(values[name])}" for name in names)


def _learned(trials: Sequence[Trial]) -> list[Trial]:
    """Return those that did not fail."""
    return [trial for trial in trials if not trial.error]


def shown(value: Any) -> str:
    """Return a setting's value as `--vary` takes it."""
    if isinstance(value, tuple | list):
        return "-".join(map(str, value)) or "none"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def _plain(value: Any) -> Any:
    """Return what JSON has for what a caller's configuration may hold."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _range(values: Sequence[float | None]) -> str:
    """Return the median, and from where to where the values go if there are several."""
    good = [value for value in values if value is not None]
    if not good:
        return ""
    middle = f"{median(good):.2%}"
    return middle if len(values) == 1 else f"{middle} ({100 * min(good):.1f}-{100 * max(good):.1f})"


def _remark(failed: Sequence[Trial], of: int, best: bool) -> str:
    """Return what is to be said at the end of a row."""
    if not failed:
        return "best" if best else ""
    why = checks.shown(str(failed[0].error).removeprefix("train: "), str)
    why = why if len(why) <= _SHOWN else f"{why[: _SHOWN - 3]}..."
    number = "" if of == 1 else f"{len(failed)} of {of} "
    return f"{'best; ' if best else ''}{number}failed: {why}"


def _written(who: str, text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        with replacing(checks.path(who, "path", path)) as partial:
            partial.write_text(text, encoding="utf-8")
    return text
