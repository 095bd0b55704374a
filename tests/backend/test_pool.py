"""Threads that the system does not grant: fewer do the same work, and a warning tells."""

import os
import resource
import subprocess
import sys
import textwrap

import pytest

STACK = 64 << 20  # bytes of a thread's, in the process below
LIMITED = pytest.mark.skipif(
    not sys.platform.startswith("linux") or "CUTAWAY_SANITIZED" in os.environ,
    reason="RLIMIT_AS must hold, and a sanitizer maps terabytes",
)
BEFORE = f"""
import os, resource, warnings
import numpy as np
from cutaway import SGD, Dataset, Network, matmul

def grant(threads):
    \"\"\"Leave memory for the stacks of so many threads beside this one, and for half of another.\"\"\"
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (mapped + threads * {STACK} + {STACK} // 2, hard))

rng = np.random.default_rng(0)
data = Dataset(rng.integers(0, 256, (400, 784), np.uint8), rng.integers(0, 10, 400))
a = rng.random((300, 300))
"""


@pytest.fixture
def lines():
    """Run code in a process where threads are large; return what it prints, line by line."""

    def run(code):
        hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
        process = subprocess.run(
            [sys.executable, "-c", BEFORE + textwrap.dedent(code)],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (STACK, hard)),
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE, text=True, timeout=60, check=True,
        )  # fmt: skip
        return process.stdout.splitlines()

    return run


WARNING = (
    "cutaway: 4 threads were asked for and {} could be started (Resource temporarily unavailable): "
    "the results are the same, later"
)


@LIMITED
@pytest.mark.parametrize("work", ["learn", "multiply"])
@pytest.mark.parametrize("granted", [1, 2, 3])
def test_fewer_threads_than_were_asked_for_give_the_same_bits_and_one_warning(lines, work, granted):
    same, *told = lines(f"""
        def learn(threads):
            network = Network((784, 64, 10), backend="cpu", threads=threads)
            for _ in range(3):
                network.learn(np.arange(400), 32, dataset=data, optimizer=SGD(0.1))
            return network.fingerprint()

        def multiply(threads):
            os.environ["CUTAWAY_NUM_THREADS"] = str(threads)
            return [matmul(a, a).tobytes() for _ in range(3)]

        alone = {work}(1)
        grant({granted - 1})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print({work}(4) == alone)
        for warning in caught:
            print(warning.category.__name__, warning.filename, warning.message)
    """)
    assert same == "True"
    assert told == [f"RuntimeWarning <string> {WARNING.format(granted)}"]


@LIMITED
def test_where_warnings_are_errors_nothing_is_learned_before_it_and_all_afterwards(lines):
    assert lines("""
        network = Network((784, 64, 10), backend="cpu", threads=4)
        before = network.fingerprint()
        grant(1)
        warnings.simplefilter("error")
        try:
            network.learn(np.arange(400), 32, dataset=data, optimizer=SGD(0.1))
        except RuntimeWarning as error:
            print(error)
        print(network.fingerprint() == before)
        network.learn(np.arange(400), 32, dataset=data, optimizer=SGD(0.1))
        print(network.fingerprint() == before)
    """) == [WARNING.format(2), "True", "False"]
