"""Files that are whole or not there: written beside the target, then renamed over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .network import compiled

MARK = f"written by cutaway {compiled.__version__}"
_MARK_OF_ANY_VERSION = b"written by cutaway "
_EDGE = 1 << 20  # bytes at either end of a file in which the mark stands


def is_ours(path: Path) -> bool:
    """Tell whether cutaway wrote a file: all that it writes carry a mark near one end."""
    with path.open("rb") as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        return _MARK_OF_ANY_VERSION in head + file.read()


def may_write(path: Path, force: bool = False) -> None:
    """Check that a file may be written: its folder is there, and it replaces nothing of others.

    Raises:
        FileExistsError: if a file is there that cutaway did not write, and `force` is not set.
        IsADirectoryError, NotADirectoryError, FileNotFoundError, PermissionError: as named.
    """
    folder = path.parent
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; name a file")
    if not folder.is_dir():
        kind = NotADirectoryError if folder.exists() else FileNotFoundError
        raise kind(f"{path}: {folder} is not a folder")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path}: the folder is not writable")
    if path.is_symlink() and not path.exists():
        raise FileExistsError(f"{path}: is a link to nothing")
    if path.exists() and not force and not is_ours(path):
        raise FileExistsError(f"{path}: was not written by cutaway; --force replaces it")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to; rename it over `path` if the block succeeds.

    The data reach the disk before the name does, so a crash leaves the old file or the new one.

    Raises:
        OSError: naming `path`, if the file cannot be written; the old one is untouched then.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)  # of a run that was killed, or a link that somebody planted
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        with suppress(OSError):  # a folder that is missing or broken has been told already
            partial.unlink()
