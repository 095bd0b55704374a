"""The comparison: both contenders solve the same task, and their answers agree."""

import json

import numpy as np
import pytest

from cutaway import Dataset, bench


@pytest.fixture(scope="module")
def outcome(mnist):
    """A comparison on a part of MNIST, and what it told."""
    train_set, valid_set, test_set = mnist
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "mnist", lambda: (train_set.subset(slice(8000)), valid_set, test_set))
        return bench.run(1, 2, told.append), told


def test_both_contenders_are_timed_and_learn_the_same(outcome):
    result, told = outcome
    assert set(result["seconds"]) == set(result["accuracy"]) == {"cutaway", "numpy"}
    assert all(seconds > 0 for seconds in result["seconds"].values())
    assert result["times_faster_than_numpy"] == pytest.approx(
        result["seconds"]["numpy"] / result["seconds"]["cutaway"]
    )
    assert result["accuracy"]["cutaway"] == pytest.approx(result["accuracy"]["numpy"], abs=0.003)
    assert result["accuracy"]["cutaway"] > 0.8
    assert (result["repeats"], result["threads"]) == (1, 2)
    assert len(told) == 2  # the epoch that is not counted, and the one that is
    assert json.loads(json.dumps(result)) == result


def test_the_table_is_for_people(outcome):
    result, _ = outcome
    lines = bench.table(result).splitlines()
    assert result["what"] in lines[0]
    assert [line.split()[0] for line in lines[1:3]] == ["cutaway", "numpy"]
    assert f"{result['times_faster_than_numpy']:.1f} times as fast as NumPy" in lines[-1]


def test_contenders_that_disagree_are_no_result(monkeypatch):
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (128, 784), np.uint8), np.arange(128) % 10)
    monkeypatch.setattr(bench, "mnist", lambda: (data, data, data))
    monkeypatch.setattr(bench, "_CLOSE", -1)
    with pytest.raises(RuntimeError, match=r"^bench: the contenders' accuracies disagree: \{"):
        bench.run(1, None, lambda _: None)
