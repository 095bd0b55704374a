"""What waits for a GPU: no call keeps other threads of Python waiting, or Ctrl-C longer than it must."""

import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, Network
from cutaway.backend.contract import Core

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.integers(0, 256, (40, 20), np.uint8), RNG.integers(0, 3, 40)
ROWS = IMAGES.astype(np.float32)

# Every method of a core: a call that must not hold the interpreter's lock; None where nothing waits.
CALLS = {
    "load": lambda core: core.load(IMAGES, LABELS, 0.0, 1.0),
    "use": lambda core: core.use(SGD(0.1, 0.9)),
    "learn": lambda core: core.learn(np.arange(40), 8, np.ones(5, np.float32)),
    "update": lambda core: core.update([core.weights(0), core.weights(1)], 0.1),
    "correct": None,
    "state": lambda core: core.state(),
    "set_state": lambda core: core.set_state(core.state()),
    "forward": lambda core: core.forward(IMAGES, 0.0, 1.0, [0]),
    "evaluate": lambda core: core.evaluate(ROWS, LABELS, 0.0, 1.0, LABELS),
    "backprop": lambda core: core.backprop(ROWS, LABELS),
    "gradients": lambda core: core.gradients(np.arange(8)),
    "weights": lambda core: core.weights(0),
    "set_weights": lambda core: core.set_weights(0, np.ones((21, 5), np.float32)),
}


@pytest.fixture
def company(emulated):
    """Another thread of Python, which goes on whenever it can, and does what it is told to once."""
    end, told = threading.Event(), []

    def go_on():
        while not end.is_set():
            if told and told[0]():
                told.clear()
            emulated.tick()
            time.sleep(0.001)

    thread = threading.Thread(target=go_on)
    thread.start()
    yield told.append
    end.set()
    thread.join()


def core_of(emulated):
    core = emulated.CudaCore([20, 5, 3], ["sigmoid"] * 2, "squared_error", True, 0)
    core.load(IMAGES, LABELS, 0.0, 1.0)
    core.use(Adam())
    return core


def test_every_method_of_a_core_is_called():
    assert set(CALLS) == {name for name in vars(Core) if not name.startswith("_")}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call])
def test_other_threads_go_on_while_a_call_waits_for_the_gpu(emulated, name):
    """Whatever may last on a GPU does so until the other thread has gone on, or it is an error."""
    emulated.emulate(lingers=True)
    CALLS[name](core_of(emulated))


@pytest.mark.usefixtures("company")
def test_other_threads_go_on_while_a_core_gives_its_memory_back(emulated):
    emulated.emulate(lingers=True)
    core, before = core_of(emulated), emulated.alone()
    core.evaluate(ROWS, LABELS, 0.0, 1.0, LABELS)  # whose owner is given back, too
    del core
    assert emulated.alone() == before


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    ("rows", "call"),
    [
        (IMAGES, CALLS["load"]),
        (IMAGES, CALLS["forward"]),
        (ROWS, lambda core: core.evaluate(ROWS, LABELS, 0.0, 1.0)),
        (ROWS, CALLS["evaluate"]),  # which keeps them
        (ROWS, CALLS["backprop"]),
    ],
)
def test_ctrl_c_stops_an_upload_between_two_parts_and_nothing_of_it_counts(
    emulated, company, rows, call
):
    emulated.emulate(lingers=True, part=rows[:4].nbytes)
    core, other = core_of(emulated), core_of(emulated)
    before = emulated.uploaded()

    def press():
        if begun := emulated.uploaded() > before:
            os.kill(os.getpid(), signal.SIGINT)
        return begun

    company(press)
    with pytest.raises(KeyboardInterrupt):
        call(core)
    assert emulated.uploaded() - before <= rows[:12].nbytes
    if call is CALLS["load"]:
        with pytest.raises(IndexError, match="out of range for 0 images"):
            CALLS["learn"](core)
    before = emulated.uploaded()
    assert pickle.dumps(call(core)) == pickle.dumps(call(other))
    assert emulated.uploaded() - before >= 2 * rows.nbytes
    assert pickle.dumps(CALLS["learn"](core)) == pickle.dumps(CALLS["learn"](other))


# Questions whether to stop come after `patience` FLOPs, and waiting counts as such: 8e5 each time.


def asked_in(emulated, sizes, patience, steps, fast=True):
    """How many launches and waits `steps` steps of 8 samples take."""
    emulated.emulate(patience=patience, fast=fast)
    network = Network(sizes, backend="cuda")
    data = Dataset(RNG.integers(0, 256, (8, sizes[0]), np.uint8), np.arange(8) % sizes[-1])
    network.learn([], 8, dataset=data, optimizer=SGD(0.1))
    before = emulated.launches().get("epoch", 0), emulated.waits()
    network.learn(np.tile(np.arange(8), steps), 8, dataset=data, optimizer=SGD(0.1))
    return emulated.launches().get("epoch", 0) - before[0], emulated.waits() - before[1]


def test_steps_of_a_tiny_network_are_counted_by_their_waiting(emulated):
    flops = 6 * 123 * 8  # of a step
    for steps in (10, 25):  # twice 8e5 a step
        patience = steps * (1.6e6 + flops)
        launches, waits = asked_in(emulated, (20, 5, 3), patience, 100)
        assert (launches, waits) == (100 // steps, 100 // steps - 1)
    # seven kernels a step, and ten with one layer more
    assert asked_in(emulated, (20, 5, 3), 10 * 7 * 8.01e5, 100, fast=False) == (0, 9)
    assert asked_in(emulated, (20, 5, 5, 3), 10 * 10 * 8.01e5, 100) == (0, 9)


def test_steps_of_a_large_network_are_counted_by_their_work(emulated):
    flops = 6 * (785 * 64 + 65 * 10) * 8
    assert asked_in(emulated, (784, 64, 10), 4 * (flops + 1.6e6), 8) == (2, 1)
