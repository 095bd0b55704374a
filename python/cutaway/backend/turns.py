"""Turns: threads that share a network wait for one another at its core, and only one of them trains it.

A live plot reads what another thread trains: whoever comes second waits for the call that is under way,
some milliseconds, and nobody's work ends. Two threads that train one network would mix what they do:
the second one is told.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .contract import Core


class Turns:
    """A core's methods, of which one runs at a time.

    A forked child has locks of its own: another thread may have held its parent's.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._lock, self._claim = threading.Lock(), threading.Lock()
        self._trainer = ""

    def _mine(self) -> None:
        if self._process != os.getpid():
            self._start()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of the core that waits for its turn; asked for once, kept after that."""
        method = getattr(self._core, name)

        def in_turn(*arguments: Any) -> Any:
            self._mine()
            with self._lock:
                return method(*arguments)

        setattr(self, name, in_turn)
        return in_turn

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
        try:
            self._trainer = threading.current_thread().name
            yield
        finally:
            self._claim.release()
