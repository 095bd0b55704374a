"""Ledger: a sweep's results go in, a line each; whoever opens the file later, after a kill too, has them.

The first line tells of which data and by which version. Lines are only added, each of them on the disk
before the next training is counted as done; one that a kill has torn is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import checks
from ..files import MARK, MARK_OF_ANY_VERSION, lock, open_regular
from ..scale.trial import Trial, trial_of

FORMAT = 1


def key_of(settings: Mapping[str, Any]) -> str:
    """Return what tells a training from others."""
    return json.dumps(settings, sort_keys=True)


def _line(row: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(row)}\n".encode()


class Ledger:
    """The results file of a sweep, as a context manager; nobody else opens it meanwhile.

    Args:
        path: Of the file; made if it is not there.
        data: What tells its data from others.

    Attributes:
        trials: That it holds, by key.

    Raises:
        BlockingIOError: on entering, if another sweep has it open.
        ValueError: if it is of other data, of another version, damaged, or none of ours.
        OSError: if it cannot be read or written.
    """

    def __init__(self, path: Path, data: str) -> None:
        self._path = path
        self._head = {"written_by": MARK, "format": FORMAT, "data": data}
        self.trials: dict[str, Trial] = {}

    def __enter__(self) -> Ledger:
        if self._path.exists():
            open_regular(self._path).close()  # a pipe would keep us waiting
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o666)
        try:
            try:
                lock(self._file, wait=False)
            except BlockingIOError:
                raise BlockingIOError(
                    f"{self._path}: is in use by another sweep; wait for it, or name another folder"
                ) from None
            self._read()
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def add(self, trial: Trial) -> None:
        """Write a trial, unless another try may end otherwise.

        Raises:
            OSError: if it cannot be written; then no part of it stays.
        """
        if trial.final:
            self.trials[key_of(trial.settings)] = trial
            self._append(trial.row())

    def _append(self, row: Mapping[str, Any]) -> None:
        line, end = _line(row), os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(28, "No space left on device", os.fspath(self._path))
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, end)
            raise OSError(error.errno, error.strerror, os.fspath(self._path)) from error

    def _read(self) -> None:
        with open_regular(self._path) as file:
            lines = file.read().split(b"\n")
        torn = lines.pop()
        if not lines:
            if not self._begins(torn):
                raise ValueError(f"{self._path}: was not written by cutaway; name another folder")
            os.ftruncate(self._file, 0)
            self._append(self._head)
            return
        self._check(lines[0])
        for number, line in enumerate(lines[1:], 2):
            try:
                trial = trial_of(json.loads(line))
                self.trials[key_of(trial.settings)] = trial
            except (ValueError, KeyError, TypeError, AttributeError):
                raise ValueError(
                    f"{self._path}: line {number} is no result of a training"
                ) from None
        if torn:
            os.ftruncate(self._file, sum(len(line) + 1 for line in lines))

    def _begins(self, torn: bytes) -> bool:
        """Return whether a first line without its end is ours: a kill may leave any part of it."""
        return MARK_OF_ANY_VERSION in torn or _line(self._head).startswith(torn)

    def _check(self, line: bytes) -> None:
        """Check that the first line is as it would be written now."""
        try:
            head = json.loads(line)
            by = head["written_by"].encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            by = b""
        if not by.startswith(MARK_OF_ANY_VERSION):
            raise ValueError(f"{self._path}: was not written by cutaway; name another folder")
        for name, what in (("written_by", "version"), ("format", "format"), ("data", "data")):
            if head.get(name) != self._head[name]:
                got = checks.shown(head.get(name), str)
                raise ValueError(
                    f"{self._path}: is of another {what}, {got} instead of {self._head[name]}: its results "
                    "do not belong to these; name another folder"
                )
