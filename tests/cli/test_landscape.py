"""`cutaway landscape`: the way of a run on the map of its loss."""

import av
import pytest
from PIL import Image


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_is_drawn_on_its_training_set_and_told(call, done, tmp_path, theme):
    path = tmp_path / "a.png"
    code, out, err = call("landscape", done[1], "-o", path, "--theme", theme, "--describe")
    name, sentence = out.splitlines()
    assert (code, name, err) == (0, str(path), "")
    assert " the way of a 64-64-4 network over it: from " in sentence
    assert " after 20 mini-batches, " in sentence
    assert "; loss on 640 of 640 samples" in sentence
    with Image.open(path) as image:
        assert (image.width, image.text["Description"]) == (1406, sentence)


def test_a_film_goes_beside_a_pdf(call, done, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.ask.landscape._SECONDS", 0.2)
    picture, film = tmp_path / "a.pdf", tmp_path / "a.mp4"
    code, out, _ = call("landscape", done[1], "-o", picture, "--film", film)
    assert (code, out) == (0, f"{picture}\n{film}\n")
    assert picture.read_bytes().startswith(b"%PDF")
    with av.open(film) as container:
        assert container.metadata["description"] == (
            "the way of a 64-64-4 network over the loss while it learns, from mini-batch 0 to 20"
        )


def test_a_model_without_moments_says_what_has_some(call, model, tmp_path, error_line):
    code, _, err = call("landscape", model, "-o", tmp_path / "a.png")
    assert code == 1
    assert "cutaway train keeps them in its folder" in error_line(err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["a.png", "a.mp4"])
def test_nothing_of_others_is_replaced(call, done, tmp_path, taken, error_line):
    (tmp_path / taken).write_text("theirs")
    code, _, err = call(
        "landscape", done[1], "-o", tmp_path / "a.png", "--film", tmp_path / "a.mp4"
    )
    assert code == 1
    assert "was not written by cutaway" in error_line(err)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]


def test_a_film_has_a_suffix_of_one(call, done, tmp_path, error_line):
    code, _, err = call("landscape", done[1], "--film", tmp_path / "a.png")
    assert code == 2
    assert "must end in .mp4, .gif, .webp or .apng" in error_line(err)
