"""`cutaway info`: what there is on this machine."""


def test_info_shows_what_there_is(call):
    code, out, err = call("info")
    assert (code, err) == (0, "")
    for word in ("cutaway", "python", "numpy", "backends", "instruction set", "threads", "cuda"):
        assert any(line.startswith(word) for line in out.splitlines())
