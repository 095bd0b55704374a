"""Turns: threads that share a network wait for one another at its core, and only one of them trains it.

A live plot reads what another thread trains: whoever comes second waits for the call that is under way,
some milliseconds, and nobody's work ends. Two threads that train one network would mix what they do:
the second one is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .contract import Core


class Turns:
    """A core's methods, of which one runs at a time.

    A forked child has locks of its own: another thread may have held its parent's.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._start()

    def _start(self) -> None:
        import threading  # when there is a network, not when cutaway is imported

        self._process = os.getpid()
        self._lock, self._claim = threading.Lock(), threading.Lock()
        self._trainer = ""

    def _mine(self) -> None:
        if self._process != os.getpid():
            self._start()

    if TYPE_CHECKING:  # the methods of the core, which are made below

        def __getattr__(self, name: str) -> Any: ...

    @contextmanager
    def training(self, who: str) -> Iterator[None]:
        """Let no other thread train until the block ends.

        Raises:
            RuntimeError: if another one does.
        """
        self._mine()
        if not self._claim.acquire(blocking=False):
            raise RuntimeError(
                f"{who}: the network is trained by the thread {self._trainer!r} at this moment; "
                "give each thread a network of its own"
            )
        from threading import current_thread

        try:
            self._trainer = current_thread().name
            yield
        finally:
            self._claim.release()


def _in_turn(name: str) -> Any:
    """Return a method that calls the core's, when nobody else does."""

    def call(self: Turns, *arguments: Any) -> Any:
        self._mine()
        with self._lock:
            return getattr(self._core, name)(*arguments)

    return call


for _name in vars(Core):
    if not _name.startswith("_"):
        setattr(Turns, _name, _in_turn(_name))
