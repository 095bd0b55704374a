"""Streams that are closed or full, and how many colours they have."""

import io
import os
import resource
import subprocess
import sys

import pytest

from cutaway import load
from cutaway.cli.terminal import colours_of, talk

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


@pytest.mark.parametrize(
    ("name", "encoding", "shown"),
    [("ümlaut", "ascii", "\\xfcmlaut"), (os.fsdecode(b"o\xff\x1b"), "utf-8", "o\\xff\\x1b")],
)
def test_a_path_that_stdout_cannot_show_is_escaped(data, tmp_path, cutaway, name, encoding, shown):
    process = cutaway(
        "train", "--data", data, "--out", tmp_path / name, "--epochs", 1, "--no-film", "--quiet",
        env={"PYTHONIOENCODING": encoding}, encoding=encoding,
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    assert f"{tmp_path / shown}/loss.png" in process.stdout


@pytest.mark.parametrize("most", [100, 30_000])
def test_a_limit_of_the_size_of_files_is_an_error_of_one_line(
    data, tmp_path, cutaway, error_line, most
):
    process = cutaway(
        "train", "--data", data, "--out", tmp_path, "--epochs", 1, "--hidden", 2, "--quiet",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )  # fmt: skip
    assert process.returncode == 1
    assert "File too large" in error_line(process.stderr)
    assert not list(tmp_path.glob(".*"))


def test_a_home_that_is_not_writable_is_nobodys_concern(done, tmp_path, cutaway):
    nowhere = {"HOME": "/dev/null", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "MPLCONFIGDIR": ""}
    process = cutaway("poster", done[1], "-o", tmp_path / "poster.png", env=nowhere)
    assert (process.returncode, process.stderr) == (0, "")


def test_what_is_said_is_a_line_that_can_be_read_however_long(capsys):
    talk("a\x1b[2J\n" + "b" * 1_000_000 + ": the reason")
    line = capsys.readouterr().err
    assert line.startswith("a\\x1b[2J\\x0abbb")
    assert line.endswith("bbb: the reason\n")
    assert len(line) < 3000


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
