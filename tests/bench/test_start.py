"""From the start of a process: what is asked of children, and what becomes of their answers."""

import json
from pathlib import Path

import numpy as np
import pytest

from cutaway.bench import start
from cutaway.learn.recipes import RECIPES


def test_processes_are_timed_from_their_start(setting):
    *_, result = start.measure(setting("cutaway", repeats=1))
    seconds = result["import"]["seconds"]
    assert set(seconds) == {"cutaway", "numpy"}
    assert result["import"]["ratio"] == pytest.approx(seconds["cutaway"] / seconds["numpy"])
    training = result["train"]
    assert training["recipe"] == "fast"
    assert training["accuracy"]["cutaway"] > 0.98
    assert training["seconds"]["cutaway"] > seconds["cutaway"]


@pytest.fixture
def fast(monkeypatch):
    """A recipe, and children that answer at once; return what they were asked."""
    asked = []
    accuracy = {"cutaway": 0.981, "torch": 0.979}

    def answer(*arguments):
        asked.append(arguments)
        if arguments[1].startswith("import time"):
            return 0.1
        return {"test_accuracy": accuracy["cutaway"]} if "train" in arguments else accuracy["torch"]

    monkeypatch.setitem(RECIPES, "fast", RECIPES["lesson5"])
    monkeypatch.setattr(start, "ask", answer)
    return asked, accuracy


def test_training_is_timed_from_start_to_exit_against_pytorch(fast, setting):
    *_, result = start.measure(setting("cutaway", "torch"))
    training = result["train"]
    assert training["accuracy"] == {"cutaway": 0.981, "torch": 0.979}
    assert set(training["seconds"]) == {"cutaway", "torch"}
    assert set(training["ratios"]) == {"torch"}
    command = next(a for a in fast[0] if "train" in a)
    assert command[: command.index("--json")] == ("-m", "cutaway", "train", "--recipe", "fast")


def test_pytorch_starts_from_the_same_waves(monkeypatch):
    def answer(_, script, about):
        assert script.startswith('"""PyTorch from the start')
        values = np.load(json.loads(about)["first_weights"])
        assert values.shape == (320, 784)
        return 0.98

    monkeypatch.setattr(start, "ask", answer)
    assert start.train_torch(2, 5)[1] == 0.98


def test_without_pytorch_cutaway_runs_alone(fast, setting):
    *_, result = start.measure(setting("cutaway", "numpy", repeats=2))
    assert list(result["train"]["seconds"]) == ["cutaway"]
    assert len(fast[0]) == 9  # three works, three rounds


def test_nets_that_disagree_are_no_result(fast, setting):
    fast[1]["torch"] = 0.96
    with pytest.raises(RuntimeError, match=r"^the nets' test accuracies disagree: cutaway 98\.10%"):
        list(start.measure(setting("cutaway", "torch")))


def test_the_script_for_pytorch_knows_nothing_of_cutaway():
    script = Path(start.__file__).with_name("torch_script.py").read_text()
    assert "import cutaway" not in script
    assert "from ." not in script
