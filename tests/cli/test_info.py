"""`cutaway info`: what there is on this machine."""

import json

import pytest

from cutaway.backend import choose
from cutaway.threads import default_threads


def test_info_shows_what_there_is(call):
    code, out, err = call("info")
    assert (code, err) == (0, "")
    for word in ("cutaway", "python", "numpy", "backends", "instruction set", "threads", "cuda"):
        assert any(line.startswith(word) for line in out.splitlines())
    assert "peak" not in out


def test_info_measures_if_asked_to(call, monkeypatch):
    monkeypatch.setattr(choose, "fma_peak", lambda _: 123.4)
    monkeypatch.setattr(choose, "round_trips", lambda _: [(1, 0, 110.4), (1, 2, 540.0)])
    _, out, _ = call("info", "--measure")
    lines = {line[:16].strip(): line[17:] for line in out.splitlines()}
    assert lines["peak"] == "123 GFLOP/s, one thread"
    assert lines["round trip"] == "110 to 540 ns, a cache line to another CPU and back"
    monkeypatch.setattr(choose, "round_trips", lambda _: [])
    assert "round trip" not in call("info", "--measure")[1]


@pytest.mark.usefixtures("emulated")
def test_info_shows_how_a_gpu_would_learn(call):
    _, out, _ = call("info")
    lines = {line[:16].strip(): line[17:] for line in out.splitlines()}
    assert "227 KB of shared memory for a block" in lines["gpu"]
    assert lines["784-64-10"].startswith("learns in one launch: 16 blocks of 4 hidden units")
    assert "refused" not in lines


def test_info_shows_why_a_gpu_would_learn_layer_by_layer(call, emulated):
    emulated.emulate(largest_team=2)
    _, out, _ = call("info")
    assert "learns layer by layer: refused" in out
    assert "16 blocks of 4 units: there is no room" in out
    emulated.emulate(cluster=False, shared=40 << 10)
    assert "learns layer by layer: shared memory (it would take 4" in call("info")[1]


def test_info_is_an_object_if_asked_to_be(call, emulated):
    emulated.emulate(largest_team=8)
    told = json.loads(call("info", "--json")[1])
    assert told["gpu"]["plan"]["ranks"] == 8
    assert told["gpu"]["fast"] is True
    assert (told["backends"], told["threads"]) == (
        ["cpu", "numpy", "cuda", "cuda-tf32"],
        default_threads(),
    )
    emulated.emulate(memory=100_000)
    assert json.loads(call("info", "--json")[1])["gpu"]["error"].startswith("TOO_BIG: ")


def test_info_tells_of_no_gpu_where_there_is_none(call, monkeypatch):
    def absent():
        raise ModuleNotFoundError("No module named 'cutaway._cuda'", name="cutaway._cuda")

    monkeypatch.setattr(choose, "load_cuda", absent)
    assert json.loads(call("info", "--json")[1])["gpu"] is None
    assert "784-64-10" not in call("info")[1]
