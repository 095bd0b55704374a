"""Sweep: configurations and data go in; a folder of results comes out, from which it can go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.identity import sha256_of
from ..files import MARK, may_write, write_figure
from ..learn.checkpoint import load, save
from ..learn.history import History
from ..scale.results import Results, differing
from ..scale.settings import plan_of
from ..scale.sweep import sweep
from ..scale.trial import Trial
from .ledger import Ledger, key_of
from .source import Data

if TYPE_CHECKING:
    from ..look.figure import Figure

RESULTS, TABLE, BEST, CURVES, HEAT = (
    "results.jsonl", "results.csv", "best.safetensors", "curves.png", "heat.png",
)  # fmt: skip
_MADE = (TABLE, BEST, CURVES, HEAT)  # beside the results
Watch = Callable[[Trial, Results], None]


@dataclass(kw_only=True)
class Swept:
    """What came of a sweep.

    Attributes:
        results: Of this time and of earlier ones.
        before: How many there were.
        of: How many were asked for.
        seconds: That this time took.
        files: That are in the folder.
        interrupted: Whether Ctrl-C ended it.
    """

    results: Results
    before: int
    of: int
    seconds: float
    files: list[Path]
    interrupted: bool


def run_sweep(
    configs: Sequence[Mapping[str, Any]],
    data: Data,
    out: Path,
    *,
    jobs: int | None = None,
    theme: str = "light",
    force: bool = False,
    begin: Callable[[int, int], None] | None = None,
    watch: Watch | None = None,
) -> Swept:
    """Train what the folder does not hold yet; leave results, a table, pictures and the best network.

    Whatever ends it, a kill too, costs what was being trained, and the same call goes on. One whose
    worker died, or that was short of memory, is tried again then; one that diverged is a result.

    Args:
        configs: As for sweep().
        data: Training, validation and test set.
        out: The folder; made if it is not there.
        jobs: As for sweep().
        theme: Of pictures, "light" or "dark".
        force: Replace files that cutaway did not write; never the results.
        begin: Is told how many there are already, and of how many.
        watch: Is told of each trial, and of all so far.

    Raises:
        ValueError: if a configuration cannot be, or the folder's results are of other data.
        BlockingIOError: if another sweep works in the folder.
        OSError: if a file cannot be written; before training where that can be known.
    """
    start = time.perf_counter()
    settings = [plan_of(f"sweep: config {n}", config).key for n, config in enumerate(configs)]
    numbers = {key_of(each): n for n, each in enumerate(settings)}
    out.mkdir(parents=True, exist_ok=True)
    for name in _MADE:
        may_write(out / name, force)
    with Ledger(out / RESULTS, sha256_of(*data)) as ledger:
        old = [
            replace(trial, number=numbers[key])
            for key, trial in ledger.trials.items()
            if key in numbers
        ]
        missing = [n for key, n in numbers.items() if key not in ledger.trials]
        results = Results(old, test=True, varied=differing(settings, configs))
        before = len(old)
        if begin:
            begin(before, len(numbers))
        interrupted = False
        try:
            if missing:
                _train(configs, missing, data, out, results, ledger, jobs, watch)
        except KeyboardInterrupt:
            interrupted = True
        if not interrupted and results.best is not None:
            _keep_best(results.best, data, out)
    files = _write(results, out, theme)
    seconds = time.perf_counter() - start
    return Swept(
        results=results, before=before, of=len(numbers), seconds=seconds, files=files,
        interrupted=interrupted,
    )  # fmt: skip


def _train(
    configs: Sequence[Mapping[str, Any]],
    missing: Sequence[int],
    data: Data,
    out: Path,
    results: Results,
    ledger: Ledger,
    jobs: int | None,
    watch: Watch | None,
) -> None:
    """Train those that are missing, and write each as it comes: first the best network, then its line."""
    with sweep([configs[n] for n in missing], data, jobs=jobs) as trials:
        for trial in trials:
            network, epochs = trial.network, History(epochs=trial.history.epochs)
            kept = replace(trial, number=missing[trial.number], network=None, history=epochs)
            trial.history = epochs  # of thousands of trainings, all losses are too many
            results.trials.append(kept)
            if network is not None and results.best is kept:
                save(network, out / BEST)
            ledger.add(kept)
            if watch:
                watch(kept, results)


def _keep_best(best: Trial, data: Data, out: Path) -> None:
    """Train the best once more if its file is not there: a kill may come, or a trial be of earlier."""
    path = out / BEST
    try:
        there = load(path, backend="cpu").fingerprint()
    except (OSError, ValueError):  # none, or one that something has cut short
        there = ""
    if there != best.fingerprint:
        for trial in sweep([best.config], data):
            if trial.network is not None:
                save(trial.network, path)


def _write(results: Results, out: Path, theme: str) -> list[Path]:
    """Write table and pictures; remove a heat map of an earlier time that is none any more."""
    if not results.trials:
        return []
    results.csv(out / TABLE)
    files = [out / RESULTS, out / TABLE]
    for name, draw in ((CURVES, results.curves), (HEAT, results.heat)):
        figure: Figure | None = draw(theme)
        if figure is not None:
            notes = {"Software": MARK, "Description": figure.description}
            write_figure(figure, out / name, notes)
            files.append(out / name)
        else:
            (out / name).unlink(missing_ok=True)
    return [*files, *([out / BEST] if results.best and (out / BEST).exists() else [])]
