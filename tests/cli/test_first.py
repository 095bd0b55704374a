"""`cutaway first` on an earlier run: a PNG or a PDF, or one sentence and no file."""

import pytest
from PIL import Image


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_gives_a_picture_and_its_sentence(call, done, tmp_path, theme):
    path = tmp_path / "first.png"
    code, out, err = call("first", done[1], "-o", path, "--theme", theme, "--describe")
    assert (code, err) == (0, "")
    name, sentence = out.splitlines()
    assert name == str(path)
    with Image.open(path) as image:
        assert image.text["Description"] == sentence
        assert "of 100 samples" in sentence  # of the test set
    assert call("first", done[1], "-o", tmp_path / "first.pdf")[0] == 0
    assert (tmp_path / "first.pdf").read_bytes().startswith(b"%PDF")


def test_a_model_alone_has_no_history_to_draw(call, model, data, tmp_path, error_line):
    code, out, err = call("first", model, "--data", data, "-o", tmp_path / "first.png")
    assert (code, out) == (1, "")
    assert "moments must be at least 2, got 1; cutaway train keeps them" in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_a_model_alone_does_not_know_its_data(call, model, tmp_path, error_line):
    code, _, err = call("first", model, "-o", tmp_path / "first.png")
    assert code == 1
    assert "name them (--data)" in error_line(err)
    assert list(tmp_path.iterdir()) == []
