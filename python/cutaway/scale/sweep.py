"""Sweep: configurations and data go in; a trial of each comes out as it is done, and all are remembered."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .. import checks
from ..data.dataset import Dataset
from ..reprs import short_repr
from .results import Results, differing
from .settings import Plan, plan_of
from .trial import Task, Trial, train_one
from .workers import Lost, crew, each

_KEEP = ("best", "all", "history")


def sweep(
    configs: Iterable[Mapping[str, Any]],
    data: Sequence[Dataset],
    *,
    jobs: int | None = None,
    keep: str = "best",
) -> Sweep:
    """Train a network for each of many configurations, several at the same time, on joblib's workers.

    They are threads of this process, unless the caller says otherwise: `with
    joblib.parallel_config("loky")` takes processes, `"dask"` a cluster. The same configuration has the
    same bits from all of them, those of `cutaway train`. The data are sent once to each worker.

    Nothing is trained before the first trial is asked for. Ctrl-C ends what is being trained, and what
    is done is kept. A loop that is left early goes on behind it until `close()`, which leaving `with`
    calls, too; what a cluster has begun runs to its end.

    Args:
        configs: Settings of `cutaway train` by name, each a dictionary: recipe ("lesson9" if it is not
            given), lr, hidden (a tuple: the units of each layer), activation, batch_size, epochs,
            optimizer, schedule, start, seed, backend, threads. What is not there is the recipe's own.
        data: (train, valid) or (train, valid, test).
        jobs: Trainings at the same time; None for the caller's `n_jobs`, or else as many as there are
            cores. Each gets as many threads as are left over.
        keep: Which trials keep their network: "best" for the one of the highest validation accuracy
            so far, "all", or "history" for none.

    Returns:
        An iterator of Trials, which also tells what it has: as a table, CSV, JSON.

    Raises:
        TypeError, ValueError: for what cannot be trained, before anything is.
        ModuleNotFoundError: if joblib is not installed.
    """
    who = "sweep"
    keep = checks.choice(who, "keep", keep, _KEEP)
    jobs = None if jobs is None else checks.count(who, "jobs", jobs, most=1 << 16)
    sets = _sets(who, data)
    try:
        coming = iter(() if isinstance(configs, str | bytes | Mapping) else configs)
    except TypeError:
        coming = iter(())
    given, plans = [], []
    for number, config in enumerate(coming):
        plans.append(plan_of(f"{who}: config {number}", config))
        given.append(dict(config))
    if not plans:
        got = checks.shown(configs)
        rule = "dictionaries of settings, one for each of at least 1 training"
        raise TypeError(f"{who}: configs must be {rule}, got {got}")
    return Sweep(given, plans, sets, jobs, keep)


def _sets(who: str, data: Any) -> tuple[Dataset, ...]:
    """Return the sets, which fit together."""
    kinds = isinstance(data, tuple | list) and len(data) in (2, 3)
    if not kinds or not all(isinstance(part, Dataset) for part in data):
        raise TypeError(
            f"{who}: data must be Datasets (train, valid) or (train, valid, test), "
            f"got {checks.shown(data)}"
        )
    features = [part.images.shape[1] for part in data]
    if len({*features}) > 1:
        raise ValueError(f"{who}: data must have the same features in all sets, got {features}")
    return tuple(data)


@short_repr
class Sweep(Results, Iterator[Trial]):
    """The trials of a sweep, which come as they are done; what `sweep()` returns.

    Attributes:
        trials: Those that came, in this order.
    """

    def __init__(
        self,
        configs: Sequence[dict[str, Any]],
        plans: Sequence[Plan],
        sets: tuple[Dataset, ...],
        jobs: int | None,
        keep: str,
    ) -> None:
        varied = differing([plan.key for plan in plans], configs)
        super().__init__(test=len(sets) > 2, varied=varied)
        self._keep, self._of = keep, len(plans)
        self._crew = crew("sweep", jobs, len(plans))
        self._tasks = [
            Task(
                number=n,
                config=config,
                plan=plan,
                threads=self._crew.threads,
                keep=keep != "history",
            )
            for n, (config, plan) in enumerate(zip(configs, plans, strict=True))
        ]
        self._coming = self._train(sets)

    def _train(self, sets: tuple[Dataset, ...]) -> Generator[Trial, None, None]:
        for number, trial in each(train_one, self._tasks, *sets, crew=self._crew):
            if isinstance(trial, Lost):
                yield self._tasks[number].trial(error=trial.reason, final=False)
            else:
                yield trial

    def __next__(self) -> Trial:
        trial = next(self._coming)
        before = self.best
        self.trials.append(trial)
        if self._keep == "best":
            for other in (before, trial):
                if other is not None and other is not self.best:
                    other.network = None
        return trial

    def __len__(self) -> int:
        return self._of

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is being trained; what has come is kept."""
        self._coming.close()

    def __repr__(self) -> str:
        best = self.best
        told = f", the best {best.valid_accuracy:.2%} with {best.config}" if best else ""
        return f"Sweep({len(self.trials)} of {self._of} trainings{told})"
