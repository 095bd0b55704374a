"""Epochs side by side: all contenders learn the same, and the hardware's peak is no higher than that."""

import sys
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cutaway import RandomSampler
from cutaway.bench import cold, epochs, peak
from cutaway.bench.frameworks import Sklearn
from cutaway.bench.peers import Cutaway, NumPy, Task, Tutorial
from cutaway.bench.rounds import Setting
from cutaway.job.recipes import RECIPES

OWN = ("cutaway", "tutorial", "numpy")


@pytest.fixture(autouse=True)
def small(mnist, monkeypatch):
    """A part of MNIST, and no pauses."""
    train_set, valid_set, test_set = mnist
    parts = train_set.subset(slice(3000)), valid_set.subset(slice(1000)), test_set
    for module in (epochs, peak):
        monkeypatch.setattr(module, "mnist", lambda: parts)
    monkeypatch.setattr("cutaway.bench.rounds._QUIET", 0)
    return parts[0]


def setting(*names, repeats=1, threads=2, backend="cpu"):
    return Setting(names, repeats, threads, lambda _: None, backend)


def task(name, data):
    recipe = epochs.EPOCHS[name].recipe
    sizes = (784, *recipe.hidden, 10)
    network = recipe.make_network(784, 10, backend="cpu", threads=1, seed=3)
    start = [network.get_weights(layer) for layer in range(len(sizes) - 1)]
    return Task(recipe, data, data[:][0], start, 1)


@pytest.mark.parametrize("name", ["lesson9", "lesson5", "wide"])
@pytest.mark.parametrize("kind", [NumPy, Tutorial])
def test_contenders_take_the_same_steps(small, name, kind):
    work = task(name, small.subset(slice(300)))  # the last mini-batch is short
    ours, theirs = Cutaway(work), kind(work)
    for seed in range(2):
        ours.epoch(seed)
        theirs.epoch(seed)
    for start, a, b in zip(work.start, ours.weights(), theirs.weights(), strict=True):
        assert np.linalg.norm(a - b) <= 1e-3 * np.linalg.norm(a - start)


def test_contenders_see_the_order_of_the_seed(small):
    work = task("lesson9", small)
    assert work.order(5).tolist() == RandomSampler(3000, 5).order().tolist()
    assert work.sizes == (784, 64, 10)


def test_the_tutorials_loop_computes_in_float64(small):
    batch, targets = Tutorial(task("lesson9", small))._gather(np.arange(4))
    assert (batch.dtype, targets.dtype) == (np.float64, np.float64)
    np.testing.assert_array_equal(targets.argmax(axis=1), small.labels[:4])


@pytest.mark.parametrize("name", ["lesson9", "lesson5"])
def test_a_round_tells_times_ratios_and_accuracies(name):
    *_, result = epochs.section(name, setting(*OWN, repeats=2))
    assert result["rounds"] == 2
    assert set(result["seconds"]) == set(result["accuracy"]) == set(OWN)
    assert set(result["ratios"]) == {"tutorial", "numpy"}
    assert all(len(times) == 2 for times in result["times"].values())
    assert min(result["accuracy"].values()) > 0.6


@pytest.mark.usefixtures("emulated")
def test_on_a_gpu_the_first_epoch_is_timed_too_each_in_a_process_of_its_own(monkeypatch):
    asked = []
    monkeypatch.setattr(epochs, "ask", lambda *command: asked.append(command) or 1.5)
    small = epochs.EPOCHS["lesson9"]
    monkeypatch.setitem(epochs.EPOCHS, "lesson9", replace(small, rows=1500))
    *_, result = epochs.section("lesson9", setting("cutaway", "cpu", backend="cuda"))
    assert set(result["seconds"]) == {"cutaway", "cpu"}
    assert result["cold"] == {"cutaway": 1.5, "cpu": 1.5}
    assert asked == [
        ("-m", "cutaway.bench.cold", "lesson9", who, "2", "cuda") for who in ("cutaway", "cpu")
    ]
    task = epochs.make_task("lesson9", 1, "cuda")
    peers = [epochs.make_peer(task, who) for who in ("cutaway", "cpu")]
    assert [peer._network.backend for peer in peers] == ["cuda", "cpu"]


def test_a_cold_epoch_reads_no_data(monkeypatch):
    clock = []
    monkeypatch.setattr(cold.time, "perf_counter", lambda: clock.append("tick") or len(clock))
    read = epochs.mnist
    monkeypatch.setattr(epochs, "mnist", lambda: clock.append("read") or read())
    assert cold.first_epoch("lesson9", "cutaway", 1, "cpu") > 0
    assert clock[0] == "read"
    assert clock.count("read") == 1


def test_only_those_who_can_take_part_in_a_wide_network_do(monkeypatch):
    slim = replace(epochs.EPOCHS["wide"].recipe, hidden=(32, 32))
    monkeypatch.setitem(epochs.EPOCHS, "wide", replace(epochs.EPOCHS["wide"], recipe=slim))
    (result,) = epochs.section("wide", setting(*OWN))
    assert list(result["seconds"]) == ["cutaway", "numpy"]


class Lazy(NumPy):
    def epoch(self, seed):
        pass


def test_contenders_that_disagree_are_no_result(monkeypatch):
    monkeypatch.setitem(epochs.PEERS, "numpy", Lazy)
    message = r"^the contenders' accuracies disagree: cutaway \d\d\.\d\d%, numpy \d"
    with pytest.raises(RuntimeError, match=message):
        list(epochs.section("lesson9", setting("cutaway", "numpy")))


class Eager(NumPy):
    def epoch(self, seed):
        super().epoch(seed)
        super().epoch(seed)


@pytest.mark.parametrize(("kind", "agrees"), [(Lazy, False), (Eager, True)])
def test_scikit_learn_must_only_learn_something_sensible(monkeypatch, kind, agrees):
    monkeypatch.setitem(epochs.PEERS, "sklearn", kind)
    monkeypatch.setattr(epochs, "_SENSIBLE", 0.5)
    rounds = epochs.section("lesson9", setting("cutaway", "sklearn"))
    if agrees:
        (result,) = rounds
        assert abs(np.subtract(*result["accuracy"].values())) > epochs.EPOCHS["lesson9"].close
    else:
        with pytest.raises(RuntimeError, match="disagree"):
            list(rounds)


def test_ctrl_c_gets_through_scikit_learn(monkeypatch, small):
    class Catches:
        def __init__(self, *_, **__):
            pass

        def partial_fit(self, *_, **__):
            warnings.warn("Training interrupted by user.", stacklevel=1)

    module = SimpleNamespace(MLPClassifier=Catches)
    monkeypatch.setitem(sys.modules, "sklearn", SimpleNamespace(neural_network=module))
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", module)
    with pytest.raises(KeyboardInterrupt):
        Sklearn(task("lesson9", small)).epoch(0)


# the hardware's limit


def test_the_work_of_a_step_is_counted_dense():
    assert 64 * peak.flops((784, 64, 10)) == 64 * (784 * 64 * 4 + 64 * 10 * 6)
    assert peak.flops((2, 3, 5, 7)) == 4 * 6 + 6 * (15 + 35)


def test_the_efficiency_is_of_the_peak_beside_it(monkeypatch):
    asked = []
    monkeypatch.setattr(peak.choose, "fma_peak", lambda s: asked.append(s) or 100.0)
    *_, result = peak.section(setting("cutaway", repeats=2))
    work = 3000 * peak.flops((784, *RECIPES["lesson9"].hidden, 10)) * 1e-9
    one, two = (result["times"][f"dense, {n}"] for n in ("1 thread", "2 threads"))
    reached = [work / seconds for seconds in one]
    assert result["efficiency"] == pytest.approx(np.median(reached) / 100)
    assert result["dense_gflops"] == pytest.approx(np.median(reached))
    assert result["peak_gflops"] == 100
    assert result["speedup"]["dense"] == pytest.approx(np.median(np.divide(one, two)))
    assert set(result["speedup"]) == {"dense", "mnist"}
    assert len(asked) == 3


def test_one_thread_has_no_second_one_to_compare_with(monkeypatch):
    monkeypatch.setattr(peak.choose, "fma_peak", lambda _: 100.0)
    *_, result = peak.section(setting("cutaway", threads=1))
    assert "speedup" not in result
    assert set(result["seconds"]) == {"dense, 1 thread", "mnist, 1 thread"}


def test_there_is_no_zero_to_skip_beside_the_peak(monkeypatch):
    seen = []
    monkeypatch.setattr(peak.choose, "fma_peak", lambda _: 100.0)
    learn = peak.fit
    monkeypatch.setattr(
        peak, "fit", lambda n, l, **k: seen.append(l.dataset.images.min()) or learn(n, l, **k)
    )
    list(peak.section(setting("cutaway", threads=1)))
    assert sorted(seen) == [0, 0, 1, 1]  # MNIST and the dense images, warm-up and one round
