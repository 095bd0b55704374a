"""Processes of one's own: what they answer, and how they fail."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.bench import children
from cutaway.bench.children import ask, peak_memory


def test_a_child_answers_in_json():
    code = "import os, json; print(json.dumps([os.environ['COLOUR'], [1]]))"
    assert ask("-c", code, COLOUR="blue") == ["blue", [1]]


@pytest.mark.parametrize(
    ("code", "why"),
    [("raise ValueError('no such film')", "ValueError: no such film"), ("exit(3)", "exit code 3")],
)
def test_a_child_that_fails_is_one_sentence(code, why):
    with pytest.raises(RuntimeError) as error:
        ask("-c", code)
    assert str(error.value) == f"a process of the comparison failed: {why}"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.skipif("CUTAWAY_SANITIZED" in os.environ, reason="a sanitizer holds memory of its own")
def test_a_childs_peak_memory_is_its_own():
    ballast = np.ones(40_000_000)  # 320 MB of its parent
    code = "from cutaway.bench.children import peak_memory; print(peak_memory())"
    own = ask("-c", code)
    code = f"import numpy; big = numpy.ones(20_000_000); {code}"
    assert 10 < own < 100
    assert ask("-c", code) - own > 120
    assert peak_memory() > ballast.nbytes * 1e-6


def test_children_use_this_python(monkeypatch):
    seen = []

    def run(command, **_):
        seen.append(command)
        return children.subprocess.CompletedProcess(command, 0, "1", "")

    monkeypatch.setattr(children.subprocess, "run", run)
    assert ask("-c", "print(1)") == 1
    assert seen == [[sys.executable, "-c", "print(1)"]]
