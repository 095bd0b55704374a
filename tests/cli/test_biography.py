"""`cutaway biography`: a neuron of a run, or all of them."""

import pytest
from PIL import Image

from cutaway import load


def drawn(call, path, *arguments):
    """The sentence of a picture that a call leaves without another word."""
    code, out, err = call("biography", *arguments, "-o", path, "--describe")
    name, sentence = out.splitlines()
    assert (code, name, err) == (0, str(path), "")
    return sentence


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_neuron_is_drawn_and_told(call, done, tmp_path, theme):
    path = tmp_path / "a.png"
    sentence = drawn(call, path, done[1], "17", "--theme", theme)
    assert sentence.startswith("neuron 17 of 64-64-4: speaks for ")
    assert "of 100 samples are right" in sentence
    with Image.open(path) as image:
        assert (image.width, image.text["Description"]) == (1424, sentence)


def test_without_a_number_all_neurons_are_ranked(call, done, tmp_path):
    sentence = drawn(call, tmp_path / "a.pdf", done[1])
    assert sentence.startswith("64 neurons of 64-64-4, those that matter most first")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_a_model_alone_takes_data_and_has_no_past(call, done, model, data, tmp_path, error_line):
    code, _, err = call("biography", model, "3", "-o", tmp_path / "a.png")
    assert code == 1
    assert "does not tell where its data are: name them (--data)" in error_line(err)
    assert list(tmp_path.iterdir()) == []
    sentence = drawn(call, tmp_path / "a.png", model, "3", "--data", data)
    assert sentence == drawn(call, tmp_path / "b.png", done[1], "3")
    with Image.open(tmp_path / "a.png") as alone, Image.open(tmp_path / "b.png") as whole:
        assert alone.height < whole.height


def test_a_neuron_that_is_not_there_is_one_line_and_leaves_no_file(
    call, done, tmp_path, error_line
):
    units = load(done[1] / "model.safetensors").architecture.sizes[1]
    code, out, err = call("biography", done[1], units, "-o", tmp_path / "a.png")
    assert (code, out) == (1, "")
    assert f"biography: neuron must be at most {units - 1}, got {units}" in error_line(err)
    assert list(tmp_path.iterdir()) == []
