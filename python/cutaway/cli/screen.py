"""A screen: pictures with text go in, the terminal shows the last one, and is given back as it was.

It is taken with the first picture, and given back however that ends, with the last one above whatever
comes then. What is printed meanwhile waits until then: it would stand in the middle of the picture.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ..look.blocks import blocks

U8 = NDArray[np.uint8]
# Takes columns and rows; gives an image and the lines of text below it, that fit in there.
Draw = Callable[[int, int], tuple[U8, list[str]]]

# Another screen, no cursor, no lines that go on in the next one, and nothing there; all of that taken
# back. A terminal that has no other screen is cleared.
_TAKE = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_GIVE_BACK = "\x1b[?2026l\x1b[m\x1b[H\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"
_FRAME = "\x1b[?2026h{}\x1b[H\x1b[?2026l"  # shown at once, where the terminal knows how


class Screen:
    """A terminal that is taken by the first picture, until it is closed.

    Args:
        stream: Leads to the terminal.
        colours: How many it has, as for `blocks`.
    """

    def __init__(self, stream: TextIO, colours: int) -> None:
        self._file, self._colours = stream.fileno(), colours
        self._modes = termios.tcgetattr(self._file)
        self._draw: Draw | None = None
        self._there: tuple[tuple[int, ...], U8, list[str]] | None = None  # sizes, image, text
        self._taken = ExitStack()

    def show(self, draw: Draw) -> None:
        """Show what `draw` gives: now, and again when the terminal changes its size."""
        first, self._draw = self._draw is None, draw
        if first:
            self._take()
        self._refresh()

    def close(self) -> None:
        """Give the terminal back, then leave the last picture and print what has waited."""
        self._taken.close()

    def _take(self) -> None:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if stream.isatty():
                waiting = io.StringIO()
                self._taken.callback(_print, waiting, stream)
                self._taken.enter_context(redirect(waiting))
        self._taken.callback(self._leave)
        for number, handler in (
            (signal.SIGWINCH, self._refresh),
            (signal.SIGTSTP, self._pause),
        ):
            self._taken.callback(signal.signal, number, signal.signal(number, handler))
        self._enter()

    def _enter(self) -> None:
        """Take the terminal; what is typed shall not be echoed into the picture."""
        with suppress(termios.error):  # as in _write
            self._modes = termios.tcgetattr(self._file)
            termios.tcsetattr(self._file, termios.TCSANOW, _without_echo(self._modes))
        self._write(_TAKE)
        self._there = None

    def _give_back(self) -> None:
        self._write(_GIVE_BACK)
        with suppress(termios.error):
            termios.tcsetattr(self._file, termios.TCSANOW, self._modes)

    def _leave(self) -> None:
        """Give the terminal back with the last picture."""
        self._give_back()
        assert self._draw is not None
        image, text = self._draw(*self._size())
        self._write("".join(f"{line}\n" for line in (*blocks(image, self._colours), *text)))

    def _refresh(self, *_: object) -> None:
        """Send what is not there yet."""
        assert self._draw is not None
        size = self._size()
        image, text = self._draw(*size)
        sizes = (*size, *image.shape, len(text))
        if self._there is None or self._there[0] != sizes:
            clear, old_image, old_text = "\x1b[2J", None, [""] * len(text)
        else:
            clear, old_image, old_text = "", *self._there[1:]
        changed = (new * (new != old) for new, old in zip(text, old_text, strict=True))
        lines = (*blocks(image, self._colours, old_image), *changed)
        placed = (f"\x1b[{row};1H{line}" for row, line in enumerate(lines, 1) if line)
        self._write(_FRAME.format(clear + "".join(placed)))
        self._there = sizes, image, text

    def _pause(self, *_: object) -> None:
        """Leave the terminal to the shell after Ctrl-Z, until this process goes on."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._pause)
        self._enter()
        self._refresh()

    def _size(self) -> tuple[int, int]:
        """Return columns and rows; 80 and 24 where the terminal does not tell."""
        with suppress(OSError):
            size = os.get_terminal_size(self._file)
            return size.columns or 80, size.lines or 24
        return 80, 24

    def _write(self, text: str) -> None:
        """Write past the stream, which a signal's handler may not use while it is being used."""
        rest = text.encode()
        with suppress(OSError):  # nobody looks any more; the training goes on
            while rest:
                rest = rest[os.write(self._file, rest) :]


def _without_echo(modes: list[Any]) -> list[Any]:
    return [*modes[:3], modes[3] & ~termios.ECHO, *modes[4:]]


def _print(waiting: io.StringIO, stream: TextIO) -> None:
    with suppress(OSError):  # as in _write
        print(waiting.getvalue(), end="", file=stream, flush=True)
