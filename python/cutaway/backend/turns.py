"""Turns: threads that share a network wait for one another at its core, and only one of them trains it.

A live plot reads what another thread trains: whoever comes second waits for the call that is under way,
and nobody's work ends. Two threads that train one network would mix what they do: the second one is told.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..memory import free
from .contract import Core


class Turns:
    """A core's methods, of which one runs at a time.

    No thread waits for itself: a signal's handler may ask the network whose training it interrupts.
    A forked child has locks of its own: another thread may have held its parent's.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._start()

    def _start(self) -> None:
        import threading  # when there is a network, not when cutaway is imported

        self._process = os.getpid()
        self._lock, self._claim = threading.RLock(), threading.RLock()
        self._claimed = _Claimed(self._claim)
        self._current_thread = threading.current_thread
        self._trainer = threading.current_thread()

    if TYPE_CHECKING:  # the methods of the core, which are made below

        def __getattr__(self, name: str) -> Any: ...

    @property
    def turn(self) -> Any:
        """What a `with` block holds so that its calls are one, with nobody's between them."""
        if self._process != os.getpid():
            self._start()
        return self._lock

    def info(self) -> dict[str, Any]:
        """Return what the core tells of its device and its launches; {} if it has no device."""
        with self.turn:
            return getattr(self._core, "info", dict)()

    def training(self, who: str) -> _Claimed:
        """Let no other thread train until the end of the `with` block that this opens.

        Raises:
            RuntimeError: if another one does.
        """
        if self._process != os.getpid():
            self._start()
        if not self._claim.acquire(blocking=False):
            raise RuntimeError(
                f"{who}: the network is trained by the thread {self._trainer.name!r} at this moment; "
                "give each thread a network of its own"
            )
        self._trainer = self._current_thread()
        return self._claimed


class _Claimed:
    """Gives a claim back at the end of a `with` block; contextlib's takes as long as a small step."""

    def __init__(self, claim: Any) -> None:
        self._claim = claim

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._claim.release()


def _in_turn(name: str) -> Any:
    """Return a method that calls the core's, when nobody else does."""

    def call(self: Turns, *arguments: Any) -> Any:
        with self.turn:
            try:
                return getattr(self._core, name)(*arguments)
            except MemoryError as error:
                raise in_words(name, error) from None

    return call


def in_words(who: str, error: MemoryError) -> MemoryError:
    """Return an error of C++ as a sentence; NumPy's are some already."""
    if str(error) != "std::bad_alloc":
        return error
    return MemoryError(
        f"{who}: more memory is needed than can be had, {free() / 1e9:.3g} GB are free"
    )


for _name in vars(Core):
    if not _name.startswith("_"):
        setattr(Turns, _name, _in_turn(_name))
