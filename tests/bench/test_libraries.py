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


@pytest.mark.needs("tensorflow")
def test_tensorflow_that_has_computed_before_cannot_be_given_its_threads():
    import tensorflow

    tensorflow.zeros(())
    message = r"^bench: tensorflow must be given its threads before it computes, got one that has"
    with pytest.raises(RuntimeError, match=message), libraries.prepared(["tensorflow"], 3):
        pytest.fail("went on all the same")
