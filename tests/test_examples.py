"""The two tutorials, re-told, run as they stand and say what they should."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "python" / "examples"


@pytest.mark.parametrize(
    ("name", "options", "least", "files"),
    [
        ("lesson9", ["--epochs", "1", "--rows", "20000"], 0.88,
         ["after.png", "before.png", "neuron.png"]),
        ("lesson5", [], 0.961, ["lesson5.safetensors", "loss.png"]),
    ],
)  # fmt: skip
def test_an_example_runs_and_learns(tmp_path, name, options, least, files):
    command = [sys.executable, EXAMPLES / f"{name}.py", *options, "--out", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    accuracy = re.search(r"epoch 1: .*validation accuracy (\d+\.\d+)%", run.stdout)
    assert float(accuracy[1]) / 100 >= least
    assert sorted(path.name for path in tmp_path.iterdir()) == files
