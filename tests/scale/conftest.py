"""Small sets of images, and the workers that there are: threads, processes, a cluster; scripts of ranks."""

import contextlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from shutil import which
from unittest import mock

import numpy as np
import pytest

import cutaway
from cutaway import Dataset


def stripes(n, mean=None, std=None, seed=0):
    """Images (n, 8, 8) of four classes: where the bright rows are."""
    labels = np.arange(n) % 4
    images = np.random.default_rng(seed).integers(0, 80, (n, 4, 2, 8), np.uint8)
    images[np.arange(n), labels] += 90
    return Dataset(images.reshape(n, 8, 8), labels, mean=mean, std=std)


@pytest.fixture(scope="session")
def data():
    """Training, validation and test set."""
    training = stripes(310)
    return training, *(stripes(40, training.mean, training.std, seed) for seed in (1, 2))


@pytest.fixture(scope="session")
def grid():
    """Three rates, three widths and five seeds, of short trainings."""
    short = dict(epochs=1, batch_size=32)
    return [
        dict(lr=lr, hidden=(hidden,), seed=seed, **short)
        for lr in (0.001, 0.01, 0.1) for hidden in (4, 8, 16) for seed in range(5)
    ]  # fmt: skip


@pytest.fixture(scope="session")
def cluster():
    """A dask cluster of two processes on this machine, and its client, as a context manager."""

    @contextlib.contextmanager
    def start(**options):
        import joblib
        from distributed import Client, LocalCluster

        quiet = dict(dashboard_address=":0", silence_logs=60, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dask's own
            with (
                mock.patch.dict(os.environ),  # where dask leaves OMP_NUM_THREADS=1 for good
                LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster,
                Client(cluster) as client,
                joblib.parallel_config("dask"),
            ):
                yield client

    return start


@pytest.fixture
def workers(cluster):
    """Have the workers of a name."""

    def choose(name):
        import joblib

        return cluster() if name == "dask" else joblib.parallel_config(name, n_jobs=2)

    return choose


# ranks

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
def start(ctrl_c, tmp_path):  # noqa: ARG001 - for the ranks
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
