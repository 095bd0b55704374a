"""The libraries that cutaway is compared with."""

import importlib

import pytest

from cutaway.bench import libraries


def test_a_library_that_does_not_load_is_told(monkeypatch):
    def broken(_):
        raise ImportError("no such symbol")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(RuntimeError) as error:
        libraries.load("jax")
    assert str(error.value) == "bench: jax is installed, but does not load: no such symbol"
