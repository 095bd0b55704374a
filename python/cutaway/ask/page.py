"""Page: a run, a model or a recorded training goes in, one HTML file comes out that shows all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import checks
from ..data.dataset import Dataset
from ..foreign.objects import is_recorder
from ..foreign.read import is_model
from ..job.earlier import Earlier, moment_of, read_run
from ..job.kept import wanted
from ..job.page import page_of
from ..job.source import read_again
from ..learn.history import History, Moment
from ..learn.network import Network
from ..learn.others import network_of
from ..learn.rows import check_dataset
from ..look.page.page import Page
from .given import check_moments, network_asked, past_of

_WHO = "page"


def page(
    run: Any,
    path: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    moments: Iterable[Moment] | None = None,
) -> Page:
    """Write a run as one HTML file: drag through its training, draw, ask why.

    It needs no network and no server, and holds quantised weights of some moments (between them it
    interpolates, and says so), the last ones in full, and some samples of the test set.

    Args:
        run: The folder of a `cutaway train`; a Recorder; or any model, as Network.from_model() takes it,
            which without moments is one moment.
        path: Of the HTML file. One that is there is replaced.
        data: Whose samples it shows; None for the test set of a run's folder, or else for none.
        moments: Of the training, all that train() yielded, or a Recorder; None for those of the run.

    Returns:
        The page, which a notebook shows inline.

    Raises:
        TypeError, ValueError: if there is no such run, it diverged from the start, it does not say what it
            computes, or the data or moments do not fit.
        OSError: if a file cannot be read or written.
    """
    target = checks.path(_WHO, "path", path)
    earlier = _earlier(run, past_of(run, moments))
    test = data
    if data is not None:
        check_dataset(_WHO, data, earlier.network.architecture)
    elif earlier.data:
        test = read_again(earlier.data)[2]
    made = page_of_earlier(earlier, test)
    made.write(target)
    return made


def page_of_earlier(earlier: Earlier, test: Dataset | None) -> Page:
    """Return the page of an earlier run.

    Args:
        earlier: The run.
        test: The samples that are shown, if any.
    """
    return page_of(
        network_asked(_WHO, earlier.network, test), earlier.moments, history=earlier.history,
        accuracies=earlier.accuracies, test=test, about=earlier.data, told=earlier.verdict,
    )  # fmt: skip


def _earlier(run: Any, moments: Any) -> Earlier:
    """Return what is asked about as an earlier run; arguments and errors as of page()."""
    if isinstance(run, str | os.PathLike):
        earlier = read_run(checks.path(_WHO, "run", run), {"who": _WHO})
    elif is_model(run):
        network = run if isinstance(run, Network) else network_of(_WHO, _start(run), backend="cpu")
        earlier = Earlier(network=network, moments=[moment_of(network)])
    else:
        got = type(run).__name__
        raise TypeError(f"{_WHO}: run must be a run's folder, a Recorder or a model, got {got}")
    kept = check_moments(_WHO, moments, network=earlier.network, finite=False)
    if not kept:
        return earlier
    history = moments.history if is_recorder(moments) else _history(kept)
    if len(history.losses) not in (0, kept[-1].step):
        raise ValueError(
            f"{_WHO}: moments must be all of a training, got {len(history.losses)} losses of "
            f"{kept[-1].step} mini-batches"
        )
    known = "valid_accuracy"
    accuracies = {row["step"]: row[known] for row in history.epochs if known in row}
    some = _some(kept)
    if not history.epochs:  # nobody knows of any
        some = [replace(moment, epoch=0) for moment in some]
    return replace(earlier, moments=some, history=history, accuracies=accuracies)


def _start(model: Any) -> Any:
    """Return of a Recorder's model what it was first, which is finite: a training that fails has a page."""
    if not is_recorder(model) or not model.moments:
        return model
    start = model.moments[0]
    return replace(model.model, weights=start.weights, biases=start.biases)


def _history(moments: list[Moment]) -> History:
    history = History()
    for moment in moments:
        history.add(moment)
    return history


def _some(moments: list[Moment]) -> list[Moment]:
    """Return as many moments as a run keeps, at about the same mini-batches; the ends among them."""
    steps = np.array([moment.step for moment in moments])
    near = {int(np.abs(steps - step).argmin()) for step in wanted(max(1, steps[-1]))}
    return [moments[number] for number in sorted({0, *near, len(moments) - 1})]
