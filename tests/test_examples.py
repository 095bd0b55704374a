"""The two tutorials, re-told, run as they stand and say what they should."""

import importlib
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


def outputs(notebook):
    """The outputs of every cell with code, as the kernel sends them."""
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.needs("ipykernel")
@pytest.mark.needs("nbclient")
def test_every_cell_of_the_notebook_shows_a_picture_or_a_film(tmp_path):
    nbclient = importlib.import_module("nbclient")
    nbformat = importlib.import_module("nbformat")
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    assert not any(outputs(notebook)), "it is committed without outputs"
    nbclient.NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": tmp_path}}
    ).execute()
    for shown in outputs(notebook):
        *streams, last = shown
        html = last.data.get("text/html", "")
        assert "image/png" in last.data or re.search("<(img|video) ", html)
        text = "".join(stream.text for stream in streams)
        assert "Warning" not in text
        assert "IProgress" not in text
    assert any("100%" in "".join(s.text for s in shown[:-1]) for shown in outputs(notebook))
    assert "<video " in "".join(shown[-1].data.get("text/html", "") for shown in outputs(notebook))
