"""Layers with numbers of their own, and what they make of rows."""

import numpy as np
import pytest

RNG = np.random.default_rng(0)


@pytest.fixture
def layers():
    """Weights (6, 5), (5, 3) and biases of a network 6-5-3."""
    return [
        (RNG.normal(size=(6, 5)).astype(np.float32), RNG.normal(size=5).astype(np.float32)),
        (RNG.normal(size=(5, 3)).astype(np.float32), RNG.normal(size=3).astype(np.float32)),
    ]


@pytest.fixture
def same(layers):
    """Check that Weights are those layers."""

    def check(found):
        assert found.sizes == (6, 5, 3)
        for (weight, bias), w, b in zip(layers, found.weights, found.biases, strict=True):
            np.testing.assert_array_equal(w, weight)
            np.testing.assert_array_equal(b, bias)
        return found

    return check
