"""Files that are whole or not there: written beside the target, then renamed over it; PNG and JSON, too.

What is read is a regular file: a pipe would keep its reader waiting, and a device has no end.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

MARK = f"written by cutaway {__version__}"
MARK_OF_ANY_VERSION = b"written by cutaway "
LARGEST = 1 << 30  # bytes of data that a file may hold
MOST_RATIO = 1032  # bytes of data in a byte of gzip, at most (zlib's technical details)
_EDGE = 1 << 20  # bytes at either end of a file in which the mark stands
_LONGEST_SUFFIX = 20  # characters, of a temporary name


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read its bytes, at once: whatever has no end of its own is refused.

    Raises:
        OSError: naming `path`, if it cannot be opened, or is a pipe, a socket, a device or a folder.
    """

    def opener(name: str, flags: int) -> int:
        try:
            return os.open(name, flags | os.O_NONBLOCK)  # a pipe waits for its other end otherwise
        except OSError as error:
            if error.errno == errno.ENXIO:  # a socket
                raise OSError(errno.EINVAL, "Is no regular file", name) from None
            raise

    file = open(path, "rb", opener=opener)  # noqa: SIM115 - pathlib's takes no opener
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Is no regular file", os.fspath(path))
    return file


def warranted(size: int) -> int:
    """Return how many bytes a packed file of `size` bytes may stand for."""
    return min(max(LARGEST, size), MOST_RATIO * size)


def is_ours(path: Path) -> bool:
    """Tell whether cutaway wrote a file: all that it writes carry a mark near one end."""
    with open_regular(path) as file:
        head = file.read(_EDGE)
        file.seek(max(0, path.stat().st_size - _EDGE))
        return MARK_OF_ANY_VERSION in head + file.read()


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
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path}: is no regular file")
    if path.exists() and not force and not is_ours(path):
        raise FileExistsError(f"{path}: was not written by cutaway; --force replaces it")


class Replacement:
    """A file that is written beside its target, and then takes its place or vanishes.

    A target that is there keeps its mode; one that is a link stays one, and what it leads to is replaced.
    The name beside it is of this object alone, so that several may write to one target: the last one
    to commit has its way. A forked child has no part in it.

    Args:
        path: The target; never a device or a pipe, which a rename would do away with.

    Attributes:
        partial: Where to write; beside the target, with its suffix. Absolute and ASCII but for the
            folder: FFmpeg takes "run-12:30/learn.mp4" for a protocol.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = Path(os.path.realpath(path))
        there = self._target.exists()
        if there and not (self._target.is_file() or self._target.is_dir()):
            raise FileExistsError(errno.EEXIST, "Is no regular file", os.fspath(path))  # /dev/null
        self._process = os.getpid()
        self._mode = stat.S_IMODE(self._target.stat().st_mode) if there else None
        start = f".cutaway-{zlib.crc32(os.fsencode(self._target.name)):08x}-"
        _remove_abandoned(self._target.parent, start)
        suffix = self._target.suffix
        if not suffix.isascii() or len(suffix) > _LONGEST_SUFFIX:
            suffix = ""
        while True:
            name = f"{start}{os.urandom(4).hex()}.partial{suffix}"
            self.partial = self._target.with_name(name)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                self._file = os.open(self.partial, flags, 0o600 if there else 0o666)
            except OSError as error:
                raise OSError(error.errno, error.strerror, os.fspath(path)) from None
            with suppress(OSError):  # of a file system that cannot
                lock(self._file, wait=True)
            if self.partial.exists():  # else it was taken for abandoned before it was locked
                break
            os.close(self._file)

    def commit(self) -> None:
        """Give it the target's name.

        The data reach the disk before the name does: a crash leaves the old file or the new one.

        Raises:
            OSError: if the disk fails; tells if it is the new file that has the name.
        """
        if self._mode is not None:
            os.fchmod(self._file, self._mode)
        os.fsync(self._file)
        self.partial.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        except OSError as error:
            what = f"{error.strerror}; the new file is in place, but a crash may undo that"
            raise OSError(error.errno, what, os.fspath(self._target)) from error
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing beside the target."""
        if self._process != os.getpid() or self._file < 0:
            return
        with suppress(OSError):  # a folder that is missing or broken has been told already
            self.partial.unlink()
        os.close(self._file)
        self._file = -1


def lock(file: int, *, wait: bool) -> None:
    """Lock an open file against whoever else opens it, until it is closed or this process ends.

    Raises:
        BlockingIOError: if another has it, and nobody waits.
        OSError: if the file system cannot.
    """
    import fcntl  # of POSIX alone

    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _remove_abandoned(folder: Path, start: str) -> None:
    """Remove files whose names start so, and whose processes were killed: their locks ended with them."""
    for path in folder.glob(f"{start}*"):
        with suppress(OSError):  # locked: somebody writes to it
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                lock(file, wait=False)
                path.unlink()
            finally:
                os.close(file)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` if the block succeeds.

    Raises:
        OSError: naming `path`, if the file cannot be written; the old one is untouched then.
    """
    new = None
    try:
        new = Replacement(path)
        yield new.partial
        new.commit()
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        if new is not None:
            new.discard()


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: if it holds something else.
        OSError: if it cannot be read.
    """
    with open_regular(path) as file:
        try:
            return json.load(file)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def write_json(value: dict[str, Any], path: Path) -> None:
    """Write a JSON file, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def write_figure(figure: Figure, path: Path, notes: dict[str, str]) -> None:
    """Write a plot as PNG, whole or not at all, with notes in its metadata."""
    with replacing(path) as partial:
        figure.savefig(partial, format="png", metadata=notes)


def write_png(image: Image, path: Path, notes: dict[str, str]) -> None:
    """Write an image as PNG, whole or not at all, with notes in its metadata, and its `.info["dpi"]`."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in notes.items():
        info.add_text(key, value)
    with replacing(path) as partial:
        image.save(partial, format="PNG", pnginfo=info, dpi=image.info.get("dpi"))


def write_picture(image: Image, path: Path, notes: dict[str, str]) -> None:
    """Write an image as PNG or, if the path ends in ".pdf", as a page of its size, pixel by pixel.

    An inch has the pixels that its `.info["dpi"]` says, or 144.
    """
    if path.suffix.lower() != ".pdf":
        write_png(image, path, notes)
        return
    import numpy as np
    from matplotlib.figure import Figure

    dpi = image.info.get("dpi", (144, 144))[0]
    page = Figure(figsize=(image.width / dpi, image.height / dpi), dpi=dpi)
    page.figimage(
        np.asarray(image)
    )  # every pixel as it is; Pillow's PDF would be a JPEG, with letters blurred
    about = {"Creator": notes.get("Software", ""), "Subject": notes.get("Description", "")}
    with replacing(path) as partial:
        page.savefig(partial, format="pdf", dpi=dpi, metadata={**about, "CreationDate": None})
        with partial.open("ab") as end:
            end.write(f"% {MARK}\n".encode())  # in plain bytes: a comment
