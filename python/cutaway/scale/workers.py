"""Workers: a function and items go in; results come out as threads, processes or clusters have them.

They are joblib's, and which of them is the caller's to say: `with joblib.parallel_config("loky"): ...`;
threads, if nobody does.
"""

from __future__ import annotations

import signal
import threading
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from ..threads import default_threads

_MOST_DEATHS = 3  # of workers that had begun an item, until it is given up
_MAPPED = 1000  # bytes from which processes are given an array as a file, once for all items
_WAIT = 8.0  # seconds for the first worker of a cluster


@dataclass(frozen=True)
class Lost:
    """Instead of a result: every worker that was given the item has died."""

    reason: str


@dataclass(frozen=True)
class Crew:
    """The workers that there are.

    Attributes:
        jobs: Items at the same time.
        threads: Of each, so that together they have the cores of this machine once.
        processes: Whether they are processes that this one starts.
        client: Of dask, if the workers are its.
    """

    jobs: int
    threads: int
    processes: bool = False
    client: Any = None


class _Stop(threading.Event):
    """Tells functions in this process that nobody waits for them any more; knows which still run."""

    def __init__(self) -> None:
        super().__init__()
        self.running: set[int] = set()


_STOPS: dict[str, _Stop] = {}  # by call of each(); in another process there is none
_HERE = threading.local()


def stopped() -> bool:
    """Tell a function that each() has called whether it shall end, for the caller was interrupted."""
    stop = getattr(_HERE, "stop", None)
    return stop is not None and stop.is_set()


def crew(who: str, jobs: int | None, items: int, *, shared_memory: bool = False) -> Crew:
    """Return the workers that the caller has, for so many items.

    Args:
        who: Begins the sentence of an error.
        jobs: Items at the same time; None for the caller's `n_jobs`, else for all cores.
        items: To do.
        shared_memory: Threads only, whatever the caller has.

    Raises:
        ModuleNotFoundError: if joblib is not there.
        RuntimeError: if a cluster has no worker.
    """
    try:
        import joblib
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: needs joblib, which is not installed: pip install 'cutaway[sweep]'"
        ) from None
    # Of the hints, the backend that is meant; without them, the number: joblib forgets it for threads.
    kind = {"require": "sharedmem"} if shared_memory else {"prefer": "threads"}
    backend, _ = joblib.parallel.get_active_backend(**kind)
    asked = jobs or joblib.parallel.get_active_backend()[1]
    if hasattr(backend, "client"):
        return _cluster(who, backend.client, jobs)
    if not type(backend).__module__.startswith("joblib."):  # elsewhere, as Ray's
        return Crew(backend.effective_n_jobs(asked or -1), 1)
    cores = default_threads()
    count = max(1, min(backend.effective_n_jobs(asked or cores), items))
    threads_of_ours = getattr(backend, "supports_sharedmem", False)
    return Crew(count, max(1, cores // count), processes=not threads_of_ours)


def _cluster(who: str, client: Any, jobs: int | None) -> Crew:
    try:
        client.wait_for_workers(1, timeout=_WAIT)
    except TimeoutError:
        raise RuntimeError(
            f"{who}: the cluster must have a worker, got none in {_WAIT:g} s"
        ) from None
    return Crew(jobs or sum(client.ncores().values()), 1, client=client)


def each(
    function: Callable[..., Any],
    items: Iterable[Any],
    *shared: Any,
    crew: Crew,
    shared_memory: bool = False,
) -> Iterator[tuple[int, Any]]:
    """Call a function with every item, and yield (number of the item, result) as they are done.

    A worker that dies takes nothing else along: what has no result is done again, by others.

    Args:
        function: Called with an item and all of `shared`; to be found by name where processes are.
        items: Are sent to a worker each.
        shared: Sent to a worker once, whatever the number of items; never changed.
        crew: Of crew(), in the same surroundings.
        shared_memory: As for crew().

    Yields:
        A number and a result, or Lost.

    Raises:
        KeyboardInterrupt: after Ctrl-C, when all that runs in this process has ended.
        Exception: the first of a function; others are ended, as after Ctrl-C.
    """
    left: dict[int, Any] = dict(enumerate(items))
    if crew.client is not None:
        from .cluster import on_cluster

        yield from on_cluster(crew.client, crew.jobs, function, left, shared)
        return
    deaths: Counter[int] = Counter()
    while left:
        # Who is suspected comes last, and in the end alone: so that no other dies with it.
        numbers = sorted((n for n in left if deaths[n] < _MOST_DEATHS - 1), key=lambda n: deaths[n])
        alone = not numbers
        numbers = numbers or [next(iter(left))]
        begun: list[int] = []
        try:
            some = replace(crew, jobs=max(crew.jobs, 2)) if alone else crew
            for number, result in _round(
                function, left, numbers, begun, shared, some, shared_memory
            ):
                del left[number]
                yield number, result
        except BrokenExecutor as error:
            deaths.update(number for number in begun if number in left)
            for number in [n for n in left if deaths[n] >= _MOST_DEATHS]:
                del left[number]
                yield number, Lost(f"its worker died {_MOST_DEATHS} times: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].partition(". ")[0]


def _round(
    function: Callable[..., Any],
    items: dict[int, Any],
    numbers: Sequence[int],
    begun: list[int],
    shared: tuple[Any, ...],
    crew: Crew,
    shared_memory: bool,
) -> Iterator[tuple[int, Any]]:
    """Do items until all are done or a worker dies, and note which were begun."""
    import joblib

    token, stop = uuid.uuid4().hex, _Stop()
    _STOPS[token] = stop

    def tasks() -> Iterator[Any]:
        for number in numbers:
            begun.append(number)
            yield joblib.delayed(_call)(function, number, items[number], token, *shared)

    kind = {"require": "sharedmem"} if shared_memory else {"prefer": "threads"}
    parallel = joblib.Parallel(
        n_jobs=crew.jobs, return_as="generator_unordered", batch_size=1, max_nbytes=_MAPPED, **kind
    )
    results: Any = None
    try:
        with _deaf_to_ctrl_c() if crew.processes else nullcontext():
            results = parallel(tasks())
        for numbered in results:  # noqa: UP028 - `yield from` would close them before `stop` is set
            yield numbered
    finally:
        stop.set()
        if results is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that what nobody waits for is lost
                results.close()
        while stop.running - {threading.get_ident()}:
            time.sleep(0.001)
        del _STOPS[token]


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C wait for the block's end; processes that start in it never hear any.

    It is their caller's, who ends them: they would tell of it in tracebacks, from their first line on.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    resource_tracker.ensure_running()  # whose own start would open the ears in the middle
    loky_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])  # by itself: an interrupt may come next
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _call(
    function: Callable[..., Any], number: int, item: Any, token: str, *shared: Any
) -> tuple[int, Any]:
    """Call a function in a worker; return the number of the item, too."""
    stop = _STOPS.get(token)
    if stop is None:
        if threading.current_thread() is threading.main_thread():  # of a process of its own
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # as one that had started before hears
        return number, function(item, *shared)
    before, _HERE.stop = getattr(_HERE, "stop", None), stop
    stop.running.add(threading.get_ident())
    try:
        return number, None if stop.is_set() else function(item, *shared)
    finally:
        stop.running.discard(threading.get_ident())
        _HERE.stop = before
