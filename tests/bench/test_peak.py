"""The hardware's limit: an epoch is rated against the peak beside it."""

import numpy as np
import pytest

from cutaway.backend import choose
from cutaway.bench import peak
from cutaway.learn.recipes import RECIPES

pytestmark = pytest.mark.usefixtures("small")


def test_the_work_of_a_step_is_counted_dense():
    assert 64 * peak.flops((784, 64, 10)) == 64 * (784 * 64 * 4 + 64 * 10 * 6)
    assert peak.flops((2, 3, 5, 7)) == 4 * 6 + 6 * (15 + 35)


def test_the_efficiency_is_of_the_peak_beside_it(monkeypatch, setting):
    asked = []
    peaks = [1.0, 50.0, 100.0, 120.0]  # the first is of the round that does not count
    monkeypatch.setattr(choose, "fma_peak", lambda s: asked.append(s) or peaks[len(asked) - 1])
    trips = iter([[(0, 1, 900.0)], [(1, 0, 110.0)], [(0, 1, 210.0)]])  # one per counted round
    monkeypatch.setattr(choose, "round_trips", lambda _: next(trips))
    *_, result = peak.measure(setting("cutaway", repeats=3))
    work = 3000 * peak.flops((784, *RECIPES["lesson9"].hidden, 10)) * 1e-9
    one, two = (result["times"][f"dense, {n}"] for n in ("1 thread", "2 threads"))
    reached = [work / seconds for seconds in one]
    assert result["efficiency"] == pytest.approx(np.median(reached) / 100)
    assert result["dense_gflops"] == pytest.approx(np.median(reached))
    assert result["peak_gflops"] == 100
    assert result["speedup"]["dense"] == pytest.approx(np.median(one) / np.median(two))
    assert set(result["speedup"]) == {"dense", "mnist"}
    assert len(asked) == 4
    assert result["round_trip_ns"] == {"0-1": 210.0}
    assert ["a cache line to another CPU and back", "210 ns", ""] in peak.rows(result)


def test_one_thread_has_no_second_one_to_compare_with(monkeypatch, setting):
    monkeypatch.setattr(choose, "fma_peak", lambda _: 100.0)
    *_, result = peak.measure(setting("cutaway", threads=1))
    assert "speedup" not in result
    assert set(result["seconds"]) == {"dense, 1 thread", "mnist, 1 thread"}


def test_there_is_no_zero_to_skip_beside_the_peak(monkeypatch, setting):
    seen = []
    monkeypatch.setattr(choose, "fma_peak", lambda _: 100.0)
    learn = peak.fit
    monkeypatch.setattr(
        peak, "fit", lambda n, l, **k: seen.append(l.dataset.images.min()) or learn(n, l, **k)
    )
    list(peak.measure(setting("cutaway", threads=1)))
    assert sorted(seen) == [0, 0, 1, 1]  # MNIST and the dense images, warm-up and one round
