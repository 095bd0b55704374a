"""Ctrl-C at any moment: whatever is at work has stopped in a tenth of a second.

CUTAWAY_STOPS is how often each kind of work is stopped at a random moment (20 in .ci/slow, which also
asks for less time).
"""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

STOPS = int(os.environ.get("CUTAWAY_STOPS", "1"))
MEDIAN, WORST = (0.05, 0.25) if "CUTAWAY_STOPS" in os.environ else (2, 2)  # seconds

SETTING = """
import time
import numpy as np
from cutaway import SGD, DataLoader, Dataset, Network, fit, matmul
rng = np.random.default_rng(0)
"""
DEEP = """
network = Network((784, 2048, 2048, 10), backend="cpu")
data = Dataset(rng.integers(0, 256, (50000, 784), np.uint8), rng.integers(0, 10, 50000))
"""
ROWS = "x, y = data.images[:20000] / np.float32(255), data.labels[:20000]"
LEARN = "fit(network, DataLoader(data, {}, shuffle=True), epochs=9, optimizer=SGD(0.1))"
WORK = {
    "fit, 4,096 at once": (DEEP, LEARN.format(4096)),
    "fit, 50,000 at once": (DEEP, LEARN.format(50000)),
    "backprop": (DEEP + ROWS, "network.backprop(x, y)"),
    "matmul": ("a = rng.standard_normal((6000, 6000), np.float32)", "matmul(a, a)"),
}
# Works until it is stopped, as often as asked for, and tells when it has been.
WORKER = """
for _ in range({stops}):
    try:
        print("works", flush=True)
        while True:
            if getattr({work}, "interrupted", False):
                break
    except KeyboardInterrupt:
        pass
    print(time.monotonic(), flush=True)
"""


def press(process):
    """Press Ctrl-C, and return when that was, on the clock of all processes."""
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    return pressed


def judge(kind, answers):
    took = np.sort(answers) * 1000
    print(f"{kind}: stopped after {np.median(took):.0f} ms (median), {took[-1]:.0f} ms (worst)")
    assert np.median(answers) < MEDIAN
    assert max(answers) < WORST


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("kind", WORK)
def test_a_call_stops(kind, environment):
    before, work = WORK[kind]
    code = SETTING + before + WORKER.format(stops=STOPS, work=work)
    answers = []
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        for _ in range(STOPS):
            assert process.stdout.readline() == "works\n"
            time.sleep(random.uniform(0, 3 if STOPS > 1 else 0.5))
            pressed = press(process)
            answers.append(float(process.stdout.readline()) - pressed)
    judge(kind, answers)


@pytest.fixture
def start(environment, tmp_path):
    """Start a training that would take hours."""

    def run(*options):
        command = [
            sys.executable,
            "-m",
            "cutaway",
            "train",
            "--epochs",
            "100000",
            "--out",
            tmp_path,
        ]
        return subprocess.Popen(
            [*command, "--json", "--force", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip

    return run


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("options", [(), ("--no-film",)], ids=["film", "no film"])
def test_a_training_stops_and_what_is_still_written_is_said(options, start):
    answers = []
    for _ in range(STOPS):
        with start(*options) as process:
            while not process.stderr.readline().startswith("    1 "):
                pass
            time.sleep(random.uniform(0, 2 if STOPS > 1 else 0.2))
            pressed = press(process)
            while "cutaway: interrupted: what was" not in process.stderr.readline():
                pass
            answers.append(time.monotonic() - pressed)
            assert "goes on" in process.stderr.read()
        assert process.returncode == 130
    judge("cutaway train", answers)


@pytest.mark.usefixtures("ctrl_c")
def test_a_program_that_starts_ends(start):
    answers = []
    for _ in range(STOPS):
        with start() as process:
            time.sleep(random.uniform(0.1, 0.5))
            pressed = press(process)
            said = process.stderr.read()
            answers.append(time.monotonic() - pressed)
        if process.returncode != 130 and "in main" not in said and "cutaway:" not in said:
            continue  # it was Python that started
        assert process.returncode == 130
        assert "Traceback" not in said
        if "epoch" in said:
            answers.pop()  # it had started
    judge("cutaway train, while it starts", answers or [0])


@pytest.mark.parametrize(("code", "said"), [(130, ""), (143, ""), (1, "ends\n")])
def test_an_interrupted_command_does_not_wait_for_pythons_own_end(code, said, environment):
    run = f"""
import atexit, sys
from cutaway.cli import main as cli
cli.main = lambda: sys.exit({code})
atexit.register(print, "ends")
from cutaway.__main__ import main
main()
"""
    command = [sys.executable, "-c", run]
    done = subprocess.run(
        command, env=environment(), check=False, stdout=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stdout) == (code, said)
