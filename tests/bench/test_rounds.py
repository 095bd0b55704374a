"""The method: who begins, how quiet it is, and what medians and ratios are of."""

from cutaway.bench import rounds
from cutaway.bench.rounds import Setting, alternate, clocked, gather, medians, ratios


def test_another_contender_begins_every_round_and_the_first_round_does_not_count(setting):
    calls = []

    def work(name):
        return lambda number: calls.append(name + str(number)) or number

    rows = list(alternate({name: work(name) for name in "abc"}, setting(repeats=2)))
    assert calls == "a0 b0 c0 b1 c1 a1 c2 a2 b2".split()
    assert rows == [{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}]


def test_there_is_quiet_before_every_turn(monkeypatch):
    naps = []
    monkeypatch.setattr("time.sleep", naps.append)
    list(
        alternate(
            {"a": lambda _: 0, "b": lambda _: 0},
            Setting(contenders=(), repeats=1, threads=1, talk=lambda _: None),
        )
    )
    assert len(naps) == 4
    assert min(naps) >= 0.2


def test_medians_are_of_rounds_and_ratios_of_the_medians():
    times = {}
    for row in ({"a": 1, "b": 4}, {"a": 2, "b": 4}, {"a": 4, "b": 12}):
        gather(times, row)
    assert medians(times) == {"a": 2, "b": 4}
    assert ratios(times, "a") == {"b": 2}  # as a reader divides them; the rounds' own are 4, 2, 3


def test_a_clocked_work_returns_its_seconds(monkeypatch):
    now = iter([10.0, 12.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    assert clocked(lambda _: None)(0) == 2.5


def test_short_calls_are_repeated_within_a_timing(monkeypatch):
    monkeypatch.setattr(rounds, "clock", lambda _, loops: 0.002 / loops)
    assert rounds.loops_of(lambda: None) == 3


def test_a_timing_is_of_one_call(monkeypatch):
    now, calls = iter([10.0, 18.0]), []
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    assert rounds.clock(lambda: calls.append(1), 4) == 2
    assert len(calls) == 4
