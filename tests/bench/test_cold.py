"""A first epoch in a process of its own."""

import pytest

from cutaway.bench import cold, epochs


@pytest.mark.usefixtures("small")
def test_a_cold_epoch_reads_no_data(monkeypatch):
    clock = []
    monkeypatch.setattr(cold.time, "perf_counter", lambda: clock.append("tick") or len(clock))
    read = epochs.mnist
    monkeypatch.setattr(epochs, "mnist", lambda: clock.append("read") or read())
    assert cold.first_epoch("lesson9", "cutaway", 1, "cpu") > 0
    assert clock[0] == "read"
    assert clock.count("read") == 1
