"""Cluster: a function and items go in; results come out as dask's workers, wherever they are, have them.

joblib's own way there sends the data with every item, and waits for ever for one that kills its workers.
"""

from __future__ import annotations

import pickle
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from .workers import Lost

_AHEAD = 2  # items that are sent per one that is done: a worker need not wait for the next one
_MOST_ROUNDS = 3  # of an item; in each, dask gives it to four workers


def on_cluster(
    client: Any,
    jobs: int,
    function: Callable[..., Any],
    items: Mapping[int, Any],
    shared: tuple[Any, ...],
) -> Iterator[tuple[int, Any]]:
    """Call a function with every item and all that is shared; arguments and results as of each().

    What is shared is itself a task, which takes it out of a pickle: a worker that dies with it costs
    nothing, for the scheduler does the task again.

    Args:
        client: Of dask.distributed.
        jobs: Items at the same time.
        function: Called with an item and all that is shared.
        items: By number.
        shared: Sent once to each worker.
    """
    from distributed import as_completed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is large
        data = client.submit(pickle.loads, pickle.dumps(shared, 5), pure=False)
    waiting, numbers, done = iter(items), {}, as_completed(loop=client.loop)
    rounds: Counter[int] = Counter()
    suspects: list[int] = []  # with which a worker died: others that it had, or who killed it

    def send(number: int) -> None:
        rounds[number] += 1
        future = client.submit(_call, function, items[number], data, pure=False)
        numbers[future] = number
        done.add(future)

    try:
        for number in islice(waiting, _AHEAD * jobs):
            send(number)
        while numbers:
            future = next(done)
            number = numbers.pop(future)
            result = _result(future)
            if isinstance(result, Lost) and rounds[number] < _MOST_ROUNDS:
                suspects.append(number)
            else:
                yield number, result
            for another in islice(waiting, 1):
                send(another)
            if not numbers and suspects:  # alone, so that no other dies with it
                send(suspects.pop(0))
    finally:
        client.cancel([*numbers, data])


def _result(future: Any) -> Any:
    """Return what came of an item, or Lost; raise what its function raised."""
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return Lost("all workers died that were given it")
    except CancelledError:
        return Lost("the cluster has lost it")


def _call(function: Callable[..., Any], item: Any, shared: tuple[Any, ...]) -> Any:
    return function(item, *shared)
