"""Examples run as they stand and say what they should, and the gallery shows what they make."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

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


def test_a_loop_in_numpy_is_recorded_filmed_and_printed(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / "record.py"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert float(re.search(r"test accuracy (\d+\.\d+)%", run.stdout)[1]) > 90
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record.mp4", "record.png"]


PICTURES = {
    "batch.py": ["batch.webp"],
    "curve.py": ["curve.png"],
    "doubt.py": ["doubt.png"],
    "film.py": ["film.webp"],
    "first.py": ["first.png"],
    "grid.py": ["grid.png"],
    "landscape.py": ["landscape.png"],
    "neuron.py": ["neuron.png"],
    "poster.py": ["poster.webp"],
    "projection.py": ["projection.png"],
    "questions.py": ["biography.png", "mistakes.png", "why.png"],
    "race.py": ["race.png"],
}


@pytest.mark.parametrize(("script", "pictures"), PICTURES.items())
def test_a_script_of_the_gallery_is_short_and_makes_the_pictures_that_are_shown(
    tmp_path, script, pictures
):
    source = (EXAMPLES / script).read_text()
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 20
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == pictures
    for name in pictures:
        with Image.open(tmp_path / name) as made, Image.open(EXAMPLES / "gallery" / name) as shown:
            assert made.size == shown.size
            assert getattr(made, "n_frames", 1) == getattr(shown, "n_frames", 1)
    assert "test accuracy " in run.stdout


def test_the_gallery_shows_every_picture_in_less_than_300_kb():
    text = (EXAMPLES / "README.md").read_text()
    shown = set(re.findall(r"\]\(gallery/([^)]+)\)", text))
    assert shown == {path.name for path in (EXAMPLES / "gallery").iterdir()}
    assert all((EXAMPLES / "gallery" / name).stat().st_size < 300_000 for name in shown)
    scripts = set(re.findall(r"\]\((\w+\.py)\)", text))
    assert scripts == {path.name for path in EXAMPLES.glob("*.py")}


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
