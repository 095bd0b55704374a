"""What a terminal is told: plain text, errors as one line; how many colours it has, and whether it is one.

Streams may be closed or full.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

from ..look.blocks import TRUE

_MOST = 2000  # characters of a line, but for what is written \\x1b
_NOT_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_NOT_SHOWN |= {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(128, 256)}  # of names, no UTF-8
# Of TERM, where COLORTERM does not come along: ssh leaves it behind.
_TRUE = re.compile("direct|truecolor|kitty|ghostty|alacritty|wezterm|foot")
_NONE = re.compile("dumb|unknown|vt[0-9]|$")


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
    """Print what is no result: on stderr, a line that is plain and can be read; its end has the reason."""
    if len(text) > _MOST:
        text = f"{text[: _MOST // 2]} ... {text[-_MOST // 2 :]}"
    print(plain(text), file=sys.stderr, flush=True)


def colours_of(stream: TextIO, environment: Mapping[str, str]) -> int:
    """Return how many colours a stream shows, 0 if none: it is no terminal, or shall or can have none.

    Args:
        stream: What is written to.
        environment: Of which NO_COLOR (https://no-color.org), COLORTERM and TERM are asked.
    """
    term = environment.get("TERM", "")
    if not stream.isatty() or environment.get("NO_COLOR") or _NONE.match(term):
        return 0
    if (stream.encoding or "").lower().replace("-", "") != "utf8":  # it has no half blocks
        return 0
    if environment.get("COLORTERM") in ("truecolor", "24bit") or _TRUE.search(term):
        return TRUE
    if "256color" in term:
        return 256
    return 8 if term == "linux" else 16  # Linux's console has no bright paper


def open_streams() -> None:
    """Let prints to a stream that the shell closed go nowhere, and escape what one cannot show."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", closefd=False))
        getattr(sys, name).reconfigure(errors="backslashreplace")


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
