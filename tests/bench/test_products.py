"""Products side by side: every size is timed, rated against the best, and checked."""

import numpy as np
import pytest

from cutaway.bench import products, rounds

SIZES = ((5, 2, 3, 4), (8, 7, 6))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(products, "SIZES", SIZES)
    monkeypatch.setattr(rounds, "LEAST", 1e-5)


def test_every_size_is_timed_by_every_contender(setting):
    *_, result = products.measure(setting("cutaway", "tutorial", "numpy", repeats=2))
    assert result["rounds"] == 2
    assert [size["size"] for size in result["sizes"]] == [list(size) for size in SIZES]
    for size in result["sizes"]:
        assert set(size["times"]) == {"cutaway", "numpy"}  # the tutorial has no products
        assert all(len(times) == 2 for times in size["times"].values())


def test_work_and_ratios_are_of_the_medians():
    result = products.rated(
        (10, 2, 3, 4),
        {"cutaway": [1.0, 2.0, 3.0], "numpy": [6.0, 4.0, 6.0], "jax": [8.0, 9.0, 3.0]},
    )
    assert result["gflops"]["cutaway"] == pytest.approx(2 * 10 * 2 * 3 * 4 / 2 * 1e-9)
    assert result["ratios"] == {"numpy": 3, "jax": 4}
    assert result["ratio_to_best_peer"] == 3
    result = products.rated((2, 3, 4), {"cutaway": [1.0], "numpy": [2.0], "jax": [0.5]})
    assert (result["best_peer"], result["ratio_to_best_peer"]) == ("jax", 0.5)


def test_alone_there_is_no_best_peer(setting):
    *_, result = products.measure(setting("cutaway"))
    assert {size["best_peer"] for size in result["sizes"]} == {None}
    assert {size["ratio_to_best_peer"] for size in result["sizes"]} == {None}


@pytest.mark.parametrize("wrong", [1.001, np.nan], ids=["inexact", "NaN"])
def test_a_wrong_product_is_no_result(monkeypatch, wrong, setting):
    monkeypatch.setattr(products, "matmul", lambda a, b, **_: wrong * (a @ b))
    with pytest.raises(RuntimeError, match=r"^the product \(5, 2, 3, 4\) by cutaway is wrong: rel"):
        list(products.measure(setting("cutaway", "numpy")))
