"""`cutaway bench scale`: one training on several ranks, measured and by a model."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from cutaway.bench import scale

TINY = """
import sys
from cutaway.bench import scale
from cutaway.cli.main import main
scale.WIDTHS, scale.BATCHES, scale.OTHERS = (8, 16), (16, 64), (4, 32)
scale._SHARES, scale._LEAST = (1, 64), 1e-3
sys.exit(main(sys.argv[1:]))
"""


def bench(ranks, *arguments):
    beside = which("mpiexec", path=str(Path(sys.executable).parent))
    started = [beside or "mpiexec", "-n", str(ranks)] if ranks else []
    command = [*started, sys.executable, "-c", TINY]
    return subprocess.run(
        [*command, "bench", "scale", "--repeats", "1", *arguments],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.needs("mpi")
def test_two_ranks_are_measured_and_the_model_is_compared_with_them():
    done = bench(2, "--json")
    assert done.returncode == 0, done.stderr
    assert "died" not in done.stderr
    part = json.loads(done.stdout)["sections"]["scale"]  # of one rank: the other prints nothing
    assert [(cell["network"], cell["batch"]) for cell in part["cells"]] == [
        ("784-8-10", 16), ("784-8-10", 64), ("784-16-10", 16), ("784-16-10", 64),
    ]  # fmt: skip
    errors = [cell["model"] / cell["together"] - 1 for cell in part["cells"]]
    assert part["largest_error"] == max(errors, key=abs)
    assert part["latency"] > 0 < part["bandwidth"]
    assert set(part["cells"][0]["others"]) == {"4"}  # 32 ranks would have half a sample each
    assert set(part["cells"][1]["others"]) == {"4", "32"}


@pytest.mark.needs("mpi")
def test_one_rank_asks_the_model_of_another_network():
    slow, fast = (
        json.loads(bench(0, "--json", "--latency", "50", "--bandwidth", speed).stdout)
        for speed in ("0.001", "10")
    )
    for a, b in zip(*(run["sections"]["scale"]["cells"] for run in (slow, fast)), strict=True):
        assert a["others"]["4"] > b["others"]["4"]
        assert "together" not in a


@pytest.mark.needs("mpi")
def test_one_rank_alone_says_what_it_lacks():
    done = bench(0)
    assert done.returncode == 1
    assert "mpiexec -n 2 cutaway bench scale, or give --latency and --bandwidth" in done.stderr


def test_without_mpi4py_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ModuleNotFoundError, match=r"^bench: scale needs mpi4py: pip install"):
        scale.place()


def test_the_table_tells_what_was_measured_and_what_is_the_model():
    cell = {"network": "784-8-10", "batch": 64, "alone": 2e-3, "together": 1e-3, "model": 8e-4}
    link = {"latency": 1e-5, "bandwidth": 1e9}
    part = {"ranks": 2, "hosts": ["a"], **link, "model": link, "largest_error": -0.2,
            "cells": [{**cell, "others": {4: 5e-4}}]}  # fmt: skip
    head, row, measured, model = scale.rows(part)
    assert head[:6] == [
        "network",
        "batch",
        "1 rank ms",
        "2 ranks ms",
        "times as fast",
        "by the model",
    ]
    assert row == ["784-8-10", "64", "2", "1", "2.00", "2.50", "4.00", "", ""]
    assert (
        measured
        == "10 us and 1 GB/s between 2 ranks on one machine; the model is off by 20% at most"
    )
    assert "4, 16, 64" in model


@pytest.mark.parametrize(
    ("ranks", "words"), [(2, "2.00 times on 2 ranks"), (1, "4.00 times on 4 ranks, by the model")]
)
def test_a_bar_tells_of_how_many_ranks_it_is(ranks, words):
    cell = {"network": "784-8-10", "batch": max(scale.BATCHES), "alone": 2e-3, "others": {4: 5e-4}}
    cell |= {"together": 1e-3} if ranks > 1 else {}
    (bar,) = scale.bars({"ranks": ranks, "cells": [cell]})
    assert bar.beside == words
