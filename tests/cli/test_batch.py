"""`cutaway batch` on an earlier run: a PNG or a PDF, or one sentence and no file."""

import json

import pytest
from PIL import Image


@pytest.mark.parametrize("number", [1, 12])
def test_a_run_gives_a_picture_and_its_sentence(call, done, tmp_path, number):
    path = tmp_path / "batch.png"
    code, out, err = call("batch", done[1], "--number", number, "-o", path, "--describe")
    assert (code, err) == (0, "")
    name, sentence = out.splitlines()
    assert name == str(path)
    with Image.open(path) as image:
        assert image.text["Description"] == sentence
    losses = json.loads((done[1] / "history.json").read_text())["sample_losses"]
    epoch = 1 if number == 1 else 2
    assert sentence.startswith(
        f"Mini-batch {number} (epoch {epoch}, rate 0.005): its loss per sample"
    )
    assert f" was {losses[number - 1]:.3g}, and is " in sentence
    page = tmp_path / "batch.pdf"
    assert call("batch", done[1], "--number", number, "-o", page, "--theme", "dark")[0] == 0
    assert page.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("run", "number", "text"),
    [
        ("folder", 21, "number must be from 1 to 20, got 21"),
        ("model", 1, "must be a folder of cutaway train, got a model alone"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    call, done, model, data, tmp_path, error_line, run, number, text
):
    which = done[1] if run == "folder" else model
    code, out, err = call(
        "batch", which, "--data", data, "--number", number, "-o", tmp_path / "batch.png"
    )
    assert (code, out) == (1, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []
