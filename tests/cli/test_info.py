"""`cutaway info`: what there is on this machine."""

from cutaway.backend import choose


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
