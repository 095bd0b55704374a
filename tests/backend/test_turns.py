"""Turns: threads that share a network wait for one another; only one of them trains it."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from cutaway import SGD, Dataset, Network
from cutaway.backend.turns import Turns


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (400, 49), np.uint8), rng.integers(0, 10, 400))


def learn(network, data, passes):
    order = np.tile(np.arange(400), passes)
    return network.learn(order, 32, dataset=data, optimizer=SGD(0.1))


@pytest.fixture
def while_training(data):
    """Call something again and again while a thread called "trainer" trains; return the thread's error."""

    def while_training(network, action, passes=30, times=100):
        errors = []

        def train():
            try:
                for _ in range(times):
                    learn(network, data, passes)
            except Exception as error:
                errors.append(error)

        trainer = threading.Thread(target=train, name="trainer")
        trainer.start()
        try:
            while trainer.is_alive():
                action()
        finally:
            trainer.join()
        return errors

    return while_training


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
def test_whoever_reads_waits_and_whoever_trains_goes_on_to_the_same_bits(
    backend, data, while_training
):
    alone, watched = (Network((49, 16, 10), backend=backend, threads=1) for _ in range(2))
    x = np.ones((1, 49))
    seen = []

    def read():
        seen.append(watched.forward(x)[0, 0])
        watched.evaluate(data)
        watched.get_weights(0)
        time.sleep(0.002)

    passes = 30 if backend == "cpu" else 1
    assert while_training(watched, read, passes) == []
    for _ in range(100):
        learn(alone, data, passes)
    assert watched.fingerprint() == alone.fingerprint()
    assert len(set(seen)) > 1  # it was seen at several moments


@pytest.mark.parametrize("how", ["learn", "step", "update"])
def test_a_second_one_that_trains_is_told_who_does(how, data, while_training):
    network = Network((49, 64, 10), backend="cpu", threads=1)
    messages = []

    def train_too():
        if messages:
            time.sleep(0.01)
            return
        try:
            if how == "learn":
                learn(network, data, 1)
            elif how == "step":
                network.step(np.ones((1, 49)), [1], SGD(0.0))
            else:
                layers = [np.zeros((50, 64)), np.zeros((65, 10))]
                network.update(layers, SGD(0.0))
        except RuntimeError as error:
            messages.append(str(error))

    errors = while_training(network, train_too)
    told = "the network is trained by the thread 'trainer' at this moment; give each thread a"
    if errors:  # it may be the trainer that came second
        told = told.replace("trainer", "MainThread")
        messages = [str(errors[0]).replace("learn:", f"{how}:")]
    assert messages
    assert messages[0].startswith(f"{how}: {told}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_does_not_wait_for_a_thread_that_it_has_not():
    class Core:
        def forward(self):
            return 7

    turns = Turns(Core())
    with turns._lock, turns.training("learn"):  # as another thread of the parent might
        child = os.fork()
        if child == 0:
            with turns.training("learn"):
                os._exit(turns.forward())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no SIGUSR1")
def test_a_signal_s_handler_may_ask_the_network_whose_training_it_interrupts(data):
    """It runs within the call that holds the core: to wait for that would be for ever."""
    network = Network((49, 16, 10), backend="numpy")
    answers = []
    before = signal.signal(signal.SIGUSR1, lambda *_: answers.append(network.evaluate(data)))
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        while not answers:
            learn(network, data, 5)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert 0 <= answers[0][1] <= 1


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no SIGUSR1")
def test_a_handler_that_interrupts_the_core_itself_is_told_that_it_is_in_use(data):
    network = Network((49, 16, 10), backend="cpu", threads=1)
    answers = []

    def ask(*_):
        try:
            answers.append(network.evaluate(data))
        except RuntimeError as error:
            answers.append(str(error))

    before = signal.signal(signal.SIGUSR1, ask)
    try:
        while len(answers) < 20 and "in use" not in str(answers):  # it may come between two calls
            timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            while timer.is_alive():
                learn(network, data, 2000)
            timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert "in use" in str(answers)


@pytest.mark.parametrize("what", ["state_dict", "fingerprint", "weights", "__getstate__"])
def test_what_is_kept_of_a_network_is_of_one_moment(what, while_training):
    """A file with one layer before a mini-batch and another after it would hold what never was."""
    network = Network((49, 16, 10), backend="cpu", threads=1)
    weights = network._core.weights
    learned = threading.Event()

    def slow(layer):  # and the trainer learns meanwhile, unless it has to wait
        if threading.current_thread().name != "trainer" and layer == 1:
            learned.clear()
            assert not learned.wait(0.02), "a mini-batch was learned between two layers"
        return weights(layer)

    def read():
        value = getattr(network, what)
        if callable(value):
            value()

    learn_in_core = network._core.learn

    def noted(*arguments):
        with network._core.turn:  # whoever comes next finds it noted
            losses = learn_in_core(*arguments)
            learned.set()
        return losses

    network._core.weights, network._core.learn = slow, noted
    assert while_training(network, read, passes=3, times=10) == []
