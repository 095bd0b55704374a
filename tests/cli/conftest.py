"""The command line as tests call it: in a process of its own, or in theirs, on small images."""

import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest

from cutaway.cli.main import main

PATIENCE = 60  # seconds


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with 8x8 images of four classes, laid out as MNIST: 10 mini-batches in an epoch."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name, n in (("train", 768), ("t10k", 100)):
        labels = (np.arange(n) % 4).astype(np.uint8)
        images = rng.integers(0, 80, (n, 4, 2, 8), np.uint8)
        images[np.arange(n), labels] += 150
        header = struct.pack(">4B3I", 0, 0, 8, 3, n, 8, 8)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">4BI", 0, 0, 8, 1, n)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder


@pytest.fixture(scope="session")
def done(data, cutaway, tmp_path_factory):
    """A finished run that tests look at: its process and its folder."""
    out = tmp_path_factory.mktemp("done")
    return cutaway("train", "--data", data, "--out", out, "--epochs", 2, "--json"), out


@pytest.fixture
def model(done):
    return done[1] / "model.safetensors"


@pytest.fixture(scope="session")
def environment():
    """Make an environment in which only these variables are ours."""

    def make(**changes):
        kept = {
            k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED" and "CUTAWAY" not in k
        }
        return {**kept, "PYTHONWARNINGS": "error::RuntimeWarning", **changes}

    return make


@pytest.fixture(scope="session")
def cutaway(environment):
    """Run the command line in a process of its own."""

    def run(*arguments, start=("-m", "cutaway"), env=None, **options):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, *start, *map(str, arguments)]
        return subprocess.run(
            command,
            text=True,
            timeout=PATIENCE,
            env=environment(**env or {}),
            **{**pipes, **options},
        )

    return run


@pytest.fixture
def call(capsys):
    """Run the command line in this process, which is faster: (exit code, stdout, stderr)."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def error_line():
    """Read the one line that an error is."""

    def read(stderr):
        (line,) = stderr.splitlines()
        assert line.startswith("cutaway: error: ")
        return line

    return read
