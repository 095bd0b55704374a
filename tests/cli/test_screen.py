"""A screen: the terminal shows the last picture, and is given back as it was."""

import fcntl
import os
import select
import signal
import struct
import sys
import termios
from contextlib import suppress

import numpy as np
import pytest

from cutaway.cli.screen import Screen

USUAL = {7, 25}  # lines go on in the next one, and the cursor is seen


class Wire:
    """Both ends of a terminal: where the program writes, and what is seen."""

    def __init__(self, terminal):
        self.ours, theirs = os.openpty()
        self.stream = open(theirs, "w", encoding="utf-8", buffering=1)  # noqa: PTH123, SIM115
        self.resize(20, 6)
        self.seen = terminal(20)

    def resize(self, columns, rows):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def look(self):
        while select.select([self.ours], [], [], 0.05)[0]:
            self.seen.feed(os.read(self.ours, 1 << 16))
        return self.seen

    def echoes(self):
        return bool(termios.tcgetattr(self.stream)[3] & termios.ECHO)

    def hang_up(self):
        with suppress(OSError):
            os.close(self.ours)


@pytest.fixture
def wire(terminal):
    wire = Wire(terminal)
    handlers = {n: signal.getsignal(n) for n in (signal.SIGWINCH, signal.SIGTSTP)}
    yield wire
    for number, handler in handlers.items():
        signal.signal(number, handler)
    wire.stream.close()
    wire.hang_up()


@pytest.fixture
def screen(wire):
    return Screen(wire.stream, 256)


def picture(shade, text="some words"):
    """What draws an image of a shade as wide as the screen, and words below it."""

    def draw(columns, _):
        return np.full((4, columns, 3), shade, np.uint8), [text]

    return draw


def test_the_last_picture_is_shown_on_a_screen_of_its_own(screen, wire):
    screen.show(picture(255))
    screen.show(picture(0))
    seen = wire.look()
    assert seen.modes == {1049}  # another screen; no cursor, no lines that go on
    assert seen.text() == ["", "", "some words"]
    assert {paper for _, _, paper in list(seen.screen.values())[:40]} == {(5, 16)}
    assert (seen.row, seen.column) == (0, 0)


def test_what_is_typed_is_not_echoed_into_the_picture(screen, wire):
    assert wire.echoes()
    screen.show(picture(255))
    assert not wire.echoes()
    screen.close()
    assert wire.echoes()


def test_nothing_happens_to_a_terminal_that_is_shown_nothing(screen, wire):
    modes = termios.tcgetattr(wire.stream)
    screen.close()
    assert wire.look().sent == b""
    assert termios.tcgetattr(wire.stream) == modes


def test_the_terminal_is_given_back_as_it_was_with_the_last_picture(screen, wire):
    modes = termios.tcgetattr(wire.stream)
    handlers = [signal.getsignal(number) for number in (signal.SIGWINCH, signal.SIGTSTP)]
    print("$ cutaway", file=wire.stream)
    screen.show(picture(255))
    screen.show(picture(0, "the last"))
    screen.close()
    screen.close()
    seen = wire.look()
    assert seen.modes == USUAL
    assert (seen.ink, seen.paper) == (None, None)
    assert seen.text() == ["$ cutaway", "", "", "the last"]
    assert seen.screen[1, 0] == (" ", None, (5, 16))
    assert (seen.row, seen.column) == (4, 0)
    assert termios.tcgetattr(wire.stream) == modes
    assert [signal.getsignal(n) for n in (signal.SIGWINCH, signal.SIGTSTP)] == handlers


def test_what_is_printed_meanwhile_comes_below_the_last_picture(screen, wire, monkeypatch):
    monkeypatch.setattr(sys, "stdout", wire.stream)
    monkeypatch.setattr(sys, "stderr", wire.stream)
    print("before")
    screen.show(picture(255))
    print("a result")
    print("a warning", file=sys.stderr)
    assert "a result" not in wire.look().text()
    screen.close()
    print("after")
    assert wire.look().text() == ["before", "", "", "some words", "a warning", "a result", "after"]


def test_what_goes_elsewhere_is_printed_along(screen, wire, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stderr", wire.stream)
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        screen.show(picture(255))
        print("a result", flush=True)
        assert (tmp_path / "out").read_text() == "a result\n"
        screen.close()


def test_what_is_there_is_not_sent_again(screen, wire):
    screen.show(picture(255))
    before = len(wire.look().sent)
    screen.show(picture(255))
    assert len(wire.look().sent) - before < 25
    screen.show(picture(255, "other word"))
    assert wire.look().text()[2] == "other word"
    assert len(wire.seen.sent) - before < 75


def test_a_frame_is_shown_at_once(screen, wire):
    screen.show(picture(255))
    sent = wire.look().sent.decode()
    begin, end = sent.index("\x1b[?2026h"), sent.index("\x1b[?2026l")
    assert begin < sent.index("\x1b[1;1H") < sent.index("some words") < end


def test_a_frame_that_is_cut_short_leaves_no_colours(screen, wire, monkeypatch):
    def half(file, data):
        monkeypatch.undo()
        os.write(file, data[: data.index(b" ") + 1])
        raise KeyboardInterrupt

    screen.show(picture(255))
    monkeypatch.setattr(os, "write", half)
    with pytest.raises(KeyboardInterrupt):
        screen.show(picture(0))
    assert wire.look().modes == {1049, 2026}
    screen.close()
    seen = wire.look()
    assert (seen.modes, seen.ink, seen.paper) == (USUAL, None, None)
    assert seen.screen[0, 0] == (" ", None, (5, 16))


def test_a_terminal_that_changes_its_size_is_drawn_anew(screen, wire):
    signal.signal(signal.SIGWINCH, signal.SIG_IGN)
    screen.show(picture(255))
    wire.resize(10, 4)
    signal.raise_signal(signal.SIGWINCH)  # as the terminal does if it controls the process
    seen = wire.look()
    assert {column for row, column in seen.screen if row < 2} == {*range(10)}
    assert seen.text()[2] == "some words"


def test_a_terminal_without_a_size_has_80_columns_and_24_rows(screen, wire):
    wire.resize(0, 0)
    sizes = []

    def draw(*size):
        sizes.append(size)
        return np.empty((0, 0, 3), np.uint8), []

    screen.show(draw)
    assert sizes == [(80, 24)]


def test_a_terminal_that_has_gone_ends_nothing(screen, wire):
    screen.show(picture(255))
    wire.hang_up()
    screen.show(picture(0))
    screen.close()


def test_a_terminal_that_goes_before_the_first_picture_ends_nothing(screen, wire):
    wire.hang_up()
    screen.show(picture(255))
    screen.close()
