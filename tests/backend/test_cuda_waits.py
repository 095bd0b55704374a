"""What waits for a GPU: no call keeps other threads of Python waiting."""

import threading
import time

import numpy as np
import pytest

from cutaway import SGD, Adam
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
    """Another thread of Python, which goes on whenever it can."""
    end = threading.Event()

    def go_on():
        while not end.is_set():
            emulated.tick()
            time.sleep(0.001)

    thread = threading.Thread(target=go_on)
    thread.start()
    yield
    end.set()
    thread.join()


def test_every_method_of_a_core_is_called():
    assert set(CALLS) == {name for name in vars(Core) if not name.startswith("_")}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call])
def test_other_threads_go_on_while_a_call_waits_for_the_gpu(emulated, name):
    """Whatever may last on a GPU does so until the other thread has gone on, or it is an error."""
    emulated.emulate(lingers=True)
    core = emulated.CudaCore([20, 5, 3], ["sigmoid"] * 2, "squared_error", True, 0)
    core.load(IMAGES, LABELS, 0.0, 1.0)
    core.use(Adam())
    CALLS[name](core)
