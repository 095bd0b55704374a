"""Scripts that several ranks run, under mpiexec."""

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

import cutaway

HEAD = """
import json, os, sys, warnings
import numpy as np
from mpi4py import MPI
import cutaway

comm = MPI.COMM_WORLD
rank, ranks = comm.Get_rank(), comm.Get_size()

def tell(value):
    with open(f"{rank}.json", "w") as file:
        json.dump(value, file)

def refusal(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


def command(ranks, *arguments):
    """Return the command that starts some ranks of Python."""
    beside = which("mpiexec", path=str(Path(sys.executable).parent))
    return [beside or "mpiexec", *arguments[:-1], "-n", str(ranks), sys.executable, arguments[-1]]


def environment():
    """Return an environment in which scripts find this package, and threads are one."""
    package = str(Path(cutaway.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": package, "CUTAWAY_NUM_THREADS": "1"}


@pytest.fixture
def start(tmp_path):
    """Start a script on some ranks; return the process of mpiexec."""
    processes = []

    def start(ranks, script, *options):
        (tmp_path / "script.py").write_text(HEAD + script)
        process = subprocess.Popen(
            command(ranks, *options, "script.py"), cwd=tmp_path, env=environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.terminate()
        process.communicate()


@pytest.fixture
def on_ranks(start, tmp_path):
    """Run a script on some ranks, and return what each one tells."""

    def run(ranks, script):
        process = start(ranks, script)
        out, err = process.communicate(timeout=100)
        assert process.returncode == 0, out + err
        return [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(ranks)]

    return run
