"""Streams that are closed or full, and how many colours they have."""

import io
import os
import subprocess
import sys

import pytest

from cutaway import load
from cutaway.cli.terminal import colours_of

TRUE = 1 << 24


@pytest.mark.parametrize("command", ["info", "train"])
def test_a_full_or_closed_stdout_is_no_traceback(data, tmp_path, command, cutaway, error_line):
    options = [command]
    if command == "train":
        options += ["--data", data, "--out", tmp_path, "--epochs", 1, "--no-film"]

    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = cutaway(*options, stdout=full)
    assert process.returncode == 1
    assert error_line(process.stderr).endswith("No space left on device")

    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = cutaway(*options, stdout=writer)  # as of `cutaway ... | true`
    finally:
        os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")


def test_a_shell_that_closed_stdout_gets_its_files_all_the_same(data, tmp_path, environment):
    line = 'exec "$@" >&-'
    command = [sys.executable, "-m", "cutaway", "train", "--no-film", "--epochs", "1"]
    process = subprocess.run(
        ["sh", "-c", line, "sh", *command, "--data", data, "--out", tmp_path],
        stderr=subprocess.PIPE, text=True, timeout=60, env=environment(),
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    assert load(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ("TERM=xterm-256color COLORTERM=truecolor", TRUE),
        ("TERM=xterm-256color COLORTERM=24bit", TRUE),
        ("TERM=xterm-256color COLORTERM=yes", 256),
        ("TERM=xterm-256color", 256),
        ("TERM=tmux-256color NO_COLOR=", 256),
        ("TERM=xterm-kitty", TRUE),  # over ssh, which leaves COLORTERM behind
        ("TERM=xterm-direct", TRUE),
        ("TERM=xterm", 16),
        ("TERM=screen", 16),
        ("TERM=linux", 8),
        ("TERM=dumb COLORTERM=truecolor", 0),
        ("TERM=vt100", 0),
        ("TERM=", 0),
        ("", 0),
        ("TERM=xterm-256color COLORTERM=truecolor NO_COLOR=1", 0),
    ],
)
def test_the_environment_tells_how_many_colours_a_terminal_has(environment, colours):
    variables = dict(variable.split("=") for variable in environment.split())
    assert colours_of(Stream(), variables) == colours


def test_what_is_no_terminal_or_cannot_write_half_blocks_has_no_colours():
    assert colours_of(Stream(encoding="utf8"), {"TERM": "xterm"}) == 16
    assert colours_of(Stream(encoding="iso-8859-1"), {"TERM": "xterm"}) == 0
    assert colours_of(Stream(terminal=False), {"TERM": "xterm"}) == 0


class Stream(io.TextIOWrapper):
    """A stream that says whether it leads to a terminal."""

    def __init__(self, encoding="UTF-8", terminal=True):
        super().__init__(io.BytesIO(), encoding=encoding)
        self.isatty = lambda: terminal
