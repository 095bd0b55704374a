"""The end of the interpreter: whoever is in a core then, or holds one, lets the process end as it would."""

import os
import subprocess
import sys
import time

import pytest

LEARNS = """
import importlib, sys, threading
import numpy as np
from cutaway import Adam, Dataset, Network
from cutaway.backend import choose

emulated = importlib.import_module("cutaway._cuda_emulated")
choose.load_cuda = lambda: emulated
data = Dataset(np.ones((400, 20), np.uint8), np.zeros(400, int), mean=0, std=1)

def network():
    made = Network((20, 8, 3), backend=sys.argv[1], threads=1 if sys.argv[1] == "cpu" else None)
    made.learn(np.arange(400), 64, dataset=data, optimizer=Adam())
    made.evaluate(data)
    return made

def learn():
    while True:
        network()
        working.release()

working = threading.Semaphore(0)
"""
ENDS = {
    "a network in a cycle": "cycle = [network()]\ncycle.append(cycle)",
    "threads that learn": """
for _ in range(8):
    threading.Thread(target=learn, daemon=True).start()
for _ in range(16):
    working.acquire()
""",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("backend", ["cpu", "cuda"])
def test_the_process_ends_whatever_a_core_is_doing(backend, end):
    pytest.importorskip("cutaway._cuda_emulated", reason="this build has no emulated GPU")
    run = subprocess.run(
        [sys.executable, "-c", LEARNS + ENDS[end], backend], capture_output=True, text=True,
        timeout=100, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")


PRODUCT = """
import threading, time
import numpy as np
from cutaway import matmul

a, b = np.ones((40, 900, 900), np.float32), np.ones((900, 900), np.float32)
start = time.monotonic()
matmul(a, b)
taken = time.monotonic() - start
threading.Thread(target=matmul, args=(np.concatenate([a, a]), b), daemon=True).start()
time.sleep(taken / 4)
print(taken, time.monotonic())
"""


def test_the_process_ends_before_a_product_of_many_threads_does():
    run = subprocess.run(
        [sys.executable, "-c", PRODUCT], capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CUTAWAY_NUM_THREADS": "2"},
    )  # fmt: skip
    ended = time.monotonic()
    assert (run.returncode, run.stderr) == (0, "")
    taken, ending = map(float, run.stdout.split())
    assert ended - ending < taken  # the product takes twice as long, and one thread less is at work
