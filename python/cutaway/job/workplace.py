"""Workplace: where a run makes its files, a folder in its own, until all take their places at once.

Until then nothing of an older run is touched. Then a list of what moves and what goes is written, and
with that the new run stands: whoever finds the list, after a kill, does what is left of it. So a folder
holds the older run, or the new one. A lock says who works there; the system drops it with its process.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from ..files import is_ours, lock, replacing, write_json
from ..learn.ongoing import Checkpoint

FOLDER = ".cutaway-run"
SETTINGS, CHECKPOINT = "settings.json", "checkpoint.safetensors"
_LOCK, _SWAP = "lock", "swap.json"
_TO_GO_ON = {SETTINGS, CHECKPOINT}


class Workplace:
    """A run's workplace, as a context manager.

    When it is left, nothing of it stays but what it takes to go on, if anything was learned.

    Args:
        out: The run's folder, which is there.
        wait: For another process to be done, instead of telling who works there.

    Attributes:
        folder: Where to make the files.
    """

    def __init__(self, out: Path, *, wait: bool = False) -> None:
        self._out, self._wait = out, wait
        self.folder = out / FOLDER
        self._begun = False

    def __enter__(self) -> Workplace:
        self._lock = _locked(self.folder, self._out, self._wait)
        try:
            self._settle()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not (self.folder / _SWAP).exists():  # else the next one moves on
                going = not self._begun or (self.folder / CHECKPOINT).exists()
                self._clear(_TO_GO_ON if going else ())
                self._leave()
        finally:
            os.close(self._lock)

    def begin(self, settings: Mapping[str, object], checkpoint: Checkpoint | None) -> None:
        """Begin a run, and forget one that was killed here unless that goes on.

        Args:
            settings: Of the run, for `--resume`.
            checkpoint: That it goes on from, if it does.
        """
        self._begun, mine = True, self.folder / CHECKPOINT
        if checkpoint is None:
            mine.unlink(missing_ok=True)
        elif checkpoint.path != mine:
            replace(checkpoint, path=mine).write()
        write_json(dict(settings), self.folder / SETTINGS)

    def swap_in(self, files: Iterable[Path], older: Iterable[Path]) -> list[Path]:
        """Let the files that were made here take their places, and what an older run left go.

        Args:
            files: In this folder.
            older: In the run's; of these, files of ours that are not replaced go.

        Returns:
            Which of them went.
        """
        names = [path.name for path in files if path.parent == self.folder]
        gone = [
            path for path in older if path.name not in names and path.is_file() and is_ours(path)
        ]
        swap = {"move": names, "remove": [path.name for path in gone]}
        write_json(swap, self.folder / _SWAP)
        self._settle()
        return gone

    def _settle(self) -> None:
        """Do what is left of a swap, if one has begun."""
        try:
            text = (self.folder / _SWAP).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        try:
            told = json.loads(text)
            moving, going = ([str(name) for name in told[key]] for key in ("move", "remove"))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.folder / _SWAP}: is no list of files: {error}") from None
        for name in (*moving, *going):
            if Path(name).name != name:  # a file's contents never lead elsewhere
                raise ValueError(f"{self.folder / _SWAP}: must name files alone, got {name!r}")
        for name in moving:
            if (self.folder / name).exists():
                _move(self.folder / name, self._out / name)
        for name in going:
            (self._out / name).unlink(missing_ok=True)
        _sync(self._out)
        self._clear(
            (_SWAP,)
        )  # which goes last: without it, what else is here would look unfinished
        (self.folder / _SWAP).unlink()

    def _clear(self, stays: Iterable[str] = ()) -> None:
        """Remove what is here but for some files and the lock."""
        for path in self.folder.iterdir():
            if path.name not in (*stays, _LOCK):
                path.unlink()

    def _leave(self) -> None:
        """Remove the folder if nothing is left in it, and let others in."""
        if [path.name for path in self.folder.iterdir()] == [_LOCK]:
            (self.folder / _LOCK).unlink()
            with suppress(OSError):  # somebody has made a lock of theirs there
                self.folder.rmdir()


def settle(out: Path) -> None:
    """Finish what a run that was killed had begun: its files take their places in its folder.

    Raises:
        OSError: if that cannot be done.
    """
    if (out / FOLDER / _SWAP).exists():
        with Workplace(out, wait=True):
            pass


def _locked(folder: Path, out: Path, wait: bool) -> int:
    """Return the descriptor of a folder's lock, which is ours while it is open.

    Raises:
        BlockingIOError: if it is another's, and nobody waits.
    """
    while True:
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise FileExistsError(f"{folder}: must be a folder of cutaway's, got a link")
        with suppress(FileNotFoundError):  # who was there has just left, and the folder with them
            file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            try:
                lock(file, wait=wait)
                if os.path.samestat(os.fstat(file), (folder / _LOCK).stat()):
                    os.ftruncate(file, 0)
                    os.pwrite(
                        file, f"process {os.getpid()}, {time.strftime('since %X')}".encode(), 0
                    )
                    return file
            except BlockingIOError:
                who = os.pread(file, 99, 0).decode(errors="replace")
                os.close(file)
                if not who:  # it is about to say so
                    time.sleep(0.01)
                    continue
                raise BlockingIOError(
                    f"{out}: is in use by a run ({who}); wait for it, or name another folder"
                ) from None
            except BaseException:
                os.close(file)
                raise
            os.close(file)


def _move(made: Path, place: Path) -> None:
    """Put a file in its place, where it keeps the mode and the link of the one that it replaces."""
    if place.is_symlink():  # to another disk, maybe
        with replacing(place) as partial:
            shutil.copyfile(made, partial)
        made.unlink()
        return
    if place.exists():
        made.chmod(stat.S_IMODE(place.stat().st_mode))
    made.replace(place)


def _sync(folder: Path) -> None:
    """Let a folder's names reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
