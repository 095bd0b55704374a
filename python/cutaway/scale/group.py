"""A group of ranks: an MPI communicator goes in; messages that end, and checks that all agree, come out.

Whoever waits for the others looks now and then whether they are still there, and lets Ctrl-C come through.
A rank that leaves says why; then the others raise RankError, and their processes end without MPI's own
farewell, which would wait for it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from .. import checks
from ..errors import RankError, warn
from .lifelines import Lifelines

T = TypeVar("T")

_METHODS = ("Get_rank", "Get_size", "Dup", "Ialltoall", "Iallgather", "Ibcast", "Ibarrier")
_SPIN = 5e-4  # seconds that a wait keeps its core: a nap is longer than a message takes
_NAP, _LONG_NAP = 5e-5, 1e-2
_INTERRUPTED = "interrupted"
_GRACE = 0.3  # for a message that is under way from one who has left since


class Group:
    """All ranks of a communicator, of which each makes one of these at the same time.

    Args:
        who: Begins the sentence of an error.
        comm: An intracommunicator of mpi4py.

    Attributes:
        rank: Of this process, from 0.
        size: How many ranks there are.
        hosts: Of all ranks.
        names: Of all ranks, with host and process.
        open: Whether none has left.

    Raises:
        ModuleNotFoundError: without mpi4py.
        TypeError: if comm is none.
    """

    def __init__(self, who: str, comm: Any) -> None:
        self._who, self._comm = who, _checked(who, comm).Dup()
        self.rank, self.size = self._comm.Get_rank(), self._comm.Get_size()
        self._gone: str | None = None
        self.open, self._broken = True, False
        told = self._comm.allgather((socket.gethostname(), os.getpid()))
        self.hosts = [host for host, _ in told]
        self.names = [
            f"rank {rank} ({host}, process {pid})" for rank, (host, pid) in enumerate(told)
        ]
        self._lines = Lifelines(self._comm, self.names, self.hosts)
        if self._lines.failure and self.rank == 0:
            warn(f"{who}: if a rank dies, the others may wait for ever: {self._lines.failure}")
        self._restore = _deaf_to_news_of_hydra()
        atexit.register(self._farewell)

    # messages

    def wait(self, request: Any) -> None:
        """Wait for a message that is under way.

        Raises:
            RankError: if a rank that it waits for has left or died.
        """
        begin, until = time.perf_counter(), None
        while not request.Test():
            now = time.perf_counter()
            if now - begin < _SPIN:
                os.sched_yield()  # to a rank that has the same core
                continue
            time.sleep(_NAP if now - begin < 1 else _LONG_NAP)
            self._gone = self._gone or self._lines.news()
            if self._gone:
                until = until or now + _GRACE
                if now > until:
                    self._broken = True
                    error = RankError(f"{self._who}: {self._gone}")
                    error.interrupted = self._gone.endswith(_INTERRUPTED)
                    raise error

    def exchange(self, own: Any, all_of_them: Any) -> None:
        """Bring each rank's array of equal size to all, in the order of the ranks."""
        self.wait(self._comm.Iallgather(own, all_of_them))

    def swap(self, parts: Any, own: Any) -> None:
        """Bring part r of each rank's array to rank r, in the order of the ranks."""
        self.wait(self._comm.Ialltoall(parts, own))

    def gather(self, value: T) -> list[T]:
        """Return each rank's object, in the order of the ranks."""
        data = np.frombuffer(pickle.dumps(value), np.uint8)
        sizes = np.empty(self.size, np.int64)
        self.exchange(np.array([len(data)]), sizes)
        own, found = np.zeros(sizes.max(), np.uint8), np.empty((self.size, sizes.max()), np.uint8)
        own[: len(data)] = data
        self.exchange(own, found)
        return [pickle.loads(row[:size].tobytes()) for row, size in zip(found, sizes, strict=True)]

    def agree(self, make: Callable[[], T]) -> T:
        """Return what make() does, if it raises an error on no rank; else raise one on all.

        Raises:
            RankError: if it raises one on another rank only.
        """
        error, value = None, None
        try:
            value = make()
        except Exception as raised:
            error = raised
        reasons = self.gather(None if error is None else _reason(error))
        if any(reasons):
            self.close()
            if error is not None:
                raise error
            rank, reason = next((r, reason) for r, reason in enumerate(reasons) if reason)
            raise RankError(f"{self._who}: {self.names[rank]} left the training: {reason}")
        return value  # type: ignore[return-value]

    def of_rank_0(self, make: Callable[[], T]) -> T:
        """Return what rank 0, and nobody else, makes; errors as of agree()."""
        made = self.agree(lambda: pickle.dumps(make()) if self.rank == 0 else b"")
        size = np.array([len(made)])
        self.wait(self._comm.Ibcast(size))
        data = np.frombuffer(made, np.uint8) if self.rank == 0 else np.empty(size[0], np.uint8)
        self.wait(self._comm.Ibcast(data))
        value: T = pickle.loads(data.tobytes())
        return value

    def meet(self) -> None:
        """Wait until all are here."""
        self.wait(self._comm.Ibarrier())

    def alike(self, told: Mapping[str, Any]) -> None:
        """Check that all ranks tell the same.

        Args:
            told: By name, what JSON can hold; of large things a hash, as bytes.

        Raises:
            ValueError: on all ranks, if one does not: which rank, and what.
        """
        first, *others = self.gather(dict(told))
        for rank, other in enumerate(others, 1):
            for name in {**first, **other}:
                a, b = first.get(name), other.get(name)
                if a != b:
                    got = "another"
                    if not isinstance(a, bytes):
                        got = f"{checks.shown(a)} on rank 0 and {checks.shown(b)}"
                    self.close()
                    raise ValueError(
                        f"{self._who}: ranks must have the same {name}, got {got} on rank {rank}"
                    )

    # the end

    def end(self) -> None:
        """End together, when all have come to the end."""
        if self.open:
            self.meet()
            self.close()

    def close(self, *, together: bool = True) -> None:
        """End without a word: all ranks are known to do the same, unless told that they are not."""
        if self.open:
            self.open = False
            self._lines.close()
            self._restore()
            atexit.unregister(self._farewell)
            if together:
                self._comm.Free()

    def leave(self, error: BaseException | None) -> None:
        """Leave the others, who are told why, unless that has been done or they have told first."""
        if not self.open:
            return
        if error is not None:
            self._broken = self.size > 1
        if self._gone is None:
            self._gone = "this rank has left"
            self._lines.leave(_reason(error))
        if not self._broken:
            self.close(together=False)

    def part(self, *, patient: bool = False) -> None:
        """After leave(): wait until the others have left, too; five seconds at most, unless patient."""
        self.open = False
        self._lines.part(patient)

    def _farewell(self) -> None:
        """At the interpreter's end: where a rank has left, leave MPI alone, whose end waits for all."""
        if self.open:
            self.leave(SystemExit("its process ended"))
            self.part()
        if self._broken:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(1)


def load_mpi(who: str) -> Any:
    """Return mpi4py's module MPI.

    Args:
        who: Begins the sentence of an error: who needs it.

    Raises:
        ModuleNotFoundError: without mpi4py.
        RuntimeError: without a library of MPI.
    """
    try:
        from mpi4py import MPI
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"{who} needs mpi4py: pip install 'cutaway[mpi]'") from None
    except (ImportError, RuntimeError) as error:  # mpi4py is there, and no library of MPI
        raise RuntimeError(
            f"{who} needs an MPI library, as of pip install mpich: {error}"
        ) from None
    return MPI


def _checked(who: str, comm: Any) -> Any:
    """Return an intracommunicator, or raise."""
    try:
        there = find_spec("mpi4py") is not None
    except ValueError:  # of a module that was put there as None
        there = False
    if not there:
        raise ModuleNotFoundError(f"{who}: comm needs mpi4py: pip install 'cutaway[mpi]'")
    if isinstance(comm, type) or not all(hasattr(comm, name) for name in _METHODS) or not comm:
        got = checks.shown(comm)
        raise TypeError(f"{who}: comm must be a communicator of mpi4py, got {got}")
    if comm.Is_inter():
        raise TypeError(f"{who}: comm must be an intracommunicator, got one of two groups")
    return comm


def _reason(error: BaseException | None) -> str:
    """Return why a rank leaves, in words."""
    if error is None or isinstance(error, GeneratorExit):
        return "it stopped"
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    if isinstance(error, SystemExit):
        return str(error)
    return f"{type(error).__name__}: {checks.shown(error, str)}"


def _deaf_to_news_of_hydra() -> Callable[[], object]:
    """Ignore SIGUSR1 if it would end the process; return what undoes that.

    MPICH's mpiexec -disable-auto-cleanup tells by it that a rank died: before anybody could say which.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGUSR1) != signal.SIG_DFL:
        return lambda: None
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    return lambda: signal.signal(signal.SIGUSR1, signal.SIG_DFL)
