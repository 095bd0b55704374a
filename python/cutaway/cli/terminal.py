"""What a terminal is told: plain text, errors as one line, streams that may be closed or full."""

from __future__ import annotations

import os
import sys

_NOT_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


def plain(text: str) -> str:
    """Return text that cannot control a terminal."""
    return text.translate(_NOT_SHOWN)


def message(error: BaseException) -> str:
    """Return what went wrong, in words for users."""
    if isinstance(error, OSError) and error.strerror:
        name = error.filename2 or error.filename
        return f"{os.fspath(name)}: {error.strerror}" if name else error.strerror
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory"
    return str(error) or type(error).__name__


def talk(text: str) -> None:
    """Print what is no result: on stderr."""
    print(text, file=sys.stderr, flush=True)


def open_streams() -> None:
    """Let prints to a stream that the shell closed go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", closefd=False))


def flush_stdout(code: int) -> int:
    """Print the last words; return the exit code, 1 if they cannot be printed and it was 0."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0 and not isinstance(error, BrokenPipeError):  # else the error was told already
            talk(f"cutaway: error: stdout: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 1
    return code
