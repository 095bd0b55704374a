"""Epochs side by side: times, ratios, and contenders that must agree."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.bench import epochs
from cutaway.bench.peers import NumPy, UnableError

OWN = ("cutaway", "tutorial", "numpy")
pytestmark = pytest.mark.usefixtures("small")


@pytest.mark.parametrize("name", ["lesson9", "lesson5"])
def test_a_round_tells_times_ratios_and_accuracies(name, setting):
    *_, result = epochs.measure(name, setting(*OWN, repeats=2))
    assert result["rounds"] == 2
    assert set(result["seconds"]) == set(result["accuracy"]) == set(OWN)
    assert set(result["ratios"]) == {"tutorial", "numpy"}
    assert all(len(times) == 2 for times in result["times"].values())
    assert min(result["accuracy"].values()) > 0.6
    weights = {"lesson9": 785 * 64 + 65 * 10, "lesson5": 785 * 50 + 51 * 10}
    assert (result["work"], result["threads"]) == (3000 * weights[name], 2)
    assert all(ns > 0 for ns in result["round_trip_ns"].values())


@pytest.mark.usefixtures("emulated")
def test_on_a_gpu_the_first_epoch_is_timed_too_each_in_a_process_of_its_own(monkeypatch, setting):
    asked = []
    monkeypatch.setattr(epochs, "ask", lambda *command: asked.append(command) or 1.5)
    small = epochs.EPOCHS["lesson9"]
    monkeypatch.setitem(epochs.EPOCHS, "lesson9", replace(small, rows=1500))
    *_, result = epochs.measure("lesson9", setting("cutaway", "cpu", backend="cuda"))
    assert set(result["seconds"]) == {"cutaway", "cpu"}
    assert result["cold"] == {"cutaway": 1.5, "cpu": 1.5}
    assert asked == [
        ("-m", "cutaway.bench.cold", "lesson9", who, "2", "cuda") for who in ("cutaway", "cpu")
    ]
    task = epochs.make_task("lesson9", 1, "cuda")
    peers = [epochs.make_peer(task, who) for who in ("cutaway", "cpu")]
    assert [peer.network.backend for peer in peers] == ["cuda", "cpu"]


def test_only_those_who_can_take_part_in_a_wide_network_do(monkeypatch, setting):
    slim = replace(epochs.EPOCHS["wide"].recipe, hidden=(32, 32))
    monkeypatch.setitem(epochs.EPOCHS, "wide", replace(epochs.EPOCHS["wide"], recipe=slim))
    (result,) = epochs.measure("wide", setting(*OWN))
    assert list(result["seconds"]) == ["cutaway", "numpy"]


class Lazy(NumPy):
    def epoch(self, seed):
        pass


def test_contenders_that_disagree_are_no_result(monkeypatch, setting):
    monkeypatch.setitem(epochs.PEERS, "numpy", Lazy)
    message = r"^the contenders' accuracies disagree: cutaway \d\d\.\d\d%, numpy \d"
    with pytest.raises(RuntimeError, match=message):
        list(epochs.measure("lesson9", setting("cutaway", "numpy")))


class Unable(NumPy):
    def __init__(self, _):
        raise UnableError("no compiler")


def test_who_cannot_learn_here_is_left_out_with_the_reason(monkeypatch, setting):
    monkeypatch.setitem(epochs.PEERS, "torch-compiled", Unable)
    (result,) = epochs.measure("lesson9", setting("cutaway", "numpy", "torch-compiled"))
    assert list(result["seconds"]) == ["cutaway", "numpy"]
    assert result["unable"] == {"torch-compiled": "no compiler"}
    assert "torch, compiled takes no part: no compiler" in epochs.rows(result)


class Eager(NumPy):
    def epoch(self, seed):
        super().epoch(seed)
        super().epoch(seed)


@pytest.mark.parametrize(("kind", "agrees"), [(Lazy, False), (Eager, True)])
def test_scikit_learn_must_only_learn_something_sensible(monkeypatch, kind, agrees, setting):
    monkeypatch.setitem(epochs.PEERS, "sklearn", kind)
    monkeypatch.setattr(epochs, "SENSIBLE", 0.5)
    rounds = epochs.measure("lesson9", setting("cutaway", "sklearn"))
    if agrees:
        (result,) = rounds
        assert abs(np.subtract(*result["accuracy"].values())) > epochs.EPOCHS["lesson9"].close
    else:
        with pytest.raises(RuntimeError, match="disagree"):
            list(rounds)


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
@pytest.mark.parametrize("name", epochs.EPOCHS)
def test_all_who_take_part_in_an_epoch_can_learn(name, backend):
    assert {*epochs.SECTIONS[name].among(backend)} <= {*epochs.PEERS}
