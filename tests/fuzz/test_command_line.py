"""Fuzzing the command line: odd options and values end in an exit code, and a sentence if it is bad.

What commands and options there are is asked of click; some run in a process of their own.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import click
import numpy as np
import pytest

from cutaway.cli.main import COMMANDS, cli, main

PATIENCE = 30  # seconds
APART = 40  # of so many command lines, one has a process of its own

# bench takes its time, whatever it is asked.
TRAIN, LOOK = (
    ("train", "race"),
    [c for c in COMMANDS if c not in ("train", "race", "bench", "info")],
)
LONG = {"--epochs", "--repeats", "--frames"}  # a large number is no mistake there, but takes long
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "x",
    "",
    "nan",
    "inf",
    "1.5",
    "1e-400",
    "1e39",
    "٣",
    "1_0",
    " 2",
]
LARGE = ["100000", "2147483648", "9" * 20, "9" * 400]
ODD = ["", "x", ".", "/", "/dev/null", "/dev/full", "-", "--", "nothing/there", "a b", "é", "\udcff",
       "x\x1b[2J", "pipe", "tcp:127.0.0.1:9", "%d.png", "long" * 70, "text",
       "damaged", "run", "run/model.safetensors", "run/history.json", "run/hidden.png", "data.npz",
       "mnist", "o.png", "o.pdf", "o.gif", "."]  # fmt: skip


def options_of(name):
    return [p for p in cli.get_command(None, name).params if isinstance(p, click.Option)]


def value_of(rng, option, number=0):
    """Draw a value for an option, as likely good as odd."""
    kind = option.type.types[number] if isinstance(option.type, click.Tuple) else option.type
    few = NUMBERS if LONG & {*option.opts} else [*NUMBERS, *LARGE]
    if isinstance(kind, click.Choice):
        return rng.choice([*kind.choices, "x", ""])
    return rng.choice(few if rng.random() < 0.6 or "Number" in type(kind).__name__ else ODD)


def drawn(rng):
    """Draw a command line."""
    name = str(rng.choice([*TRAIN, *TRAIN, *LOOK, "info"]))
    line = [name]
    if name in TRAIN:
        line += ["--data", "data.npz", "--epochs", "1"] + ["--no-film"] * (rng.random() < 0.9)
    elif name != "info":
        line += [str(rng.choice(["run", "run", "run/model.safetensors", *ODD]))]
    options = options_of(name)
    for option in rng.choice(options, rng.integers(0, 5)) if options else []:
        many = 0 if option.is_flag else option.nargs
        line += [option.opts[-1], *(str(value_of(rng, option, n)) for n in range(many))]
    if rng.random() < 0.1:
        line.insert(int(rng.integers(len(line) + 1)), str(rng.choice(ODD)))
    return line


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with data, a run and what is neither; the working folder is another."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("data.npz", X=rng.integers(0, 256, (90, 8, 8), np.uint8), y=np.arange(90) % 3)
    with pytest.raises(SystemExit) as ended:
        main("train --data data.npz --out run --epochs 1 --hidden 4 --quiet --no-film".split())
    assert ended.value.code == 0
    (tmp_path / "text").write_text("not a model\n")
    model = (tmp_path / "run" / "model.safetensors").read_bytes()
    (tmp_path / "damaged").write_bytes(model[: len(model) // 2])
    os.mkfifo("pipe")
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def run(line, capsys, apart):
    """Run a command line; return its exit code and what it said."""
    if apart:
        command = [sys.executable, "-m", "cutaway", *line]
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stderr.decode(errors="replace")
    with pytest.raises(SystemExit) as ended:
        main([*line])
    return ended.value.code, capsys.readouterr().err


def check(line, place, capsys, *, apart):
    """Run a command line, and check what came of it."""
    before, begin = sorted(place.rglob("*")), time.perf_counter()
    code, said = run(line, capsys, apart)
    assert time.perf_counter() - begin < PATIENCE
    assert code in (0, 1, 2, 130), said
    assert "Traceback" not in said, said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said.replace("\r", "")), said
    errors = [text for text in said.splitlines() if text.startswith("cutaway: error: ")]
    assert len(errors) == (code in (1, 2)), said
    assert len(said) < 12_000
    after = sorted(place.rglob("*"))
    if code == 2:
        assert (errors, after) == (said.splitlines(), before)
    assert not [path for path in after if ".partial" in path.name or path.name == "lock"]


def test_whatever_is_typed_ends_in_an_exit_code_and_a_sentence(place, rounds, capsys):
    for number, rng in rounds(least=20):
        line = drawn(rng)
        line = [argument.replace("\0", "") for argument in line]
        try:
            check(line, place, capsys, apart=number % APART == APART // 2)
        except (Exception, pytest.fail.Exception) as error:
            raise AssertionError(
                f"{type(error).__name__}: {error}: {shlex.join(line)!r}"
            ) from error
