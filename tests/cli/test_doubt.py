"""`cutaway doubt` on an earlier run or a model: a PNG or a PDF, or one sentence and no file."""

import numpy as np
from PIL import Image

from cutaway import doubt, load, load_data


def test_a_run_gives_a_picture_and_its_sentence(call, done, data, tmp_path):
    path = tmp_path / "doubt.png"
    code, out, err = call("doubt", done[1], "-o", path, "--theme", "dark", "--describe")
    assert (code, err) == (0, "")
    name, sentence = out.splitlines()
    assert name == str(path)
    network, (_, _, test) = load(done[1] / "model.safetensors"), load_data(data)
    expected = doubt(network, test, theme="dark")
    with Image.open(path) as image:
        assert image.text["Description"] == sentence == expected.info["Description"]
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def test_a_model_alone_is_enough_if_the_data_are_named(call, model, data, done, tmp_path):
    path = tmp_path / "doubt.pdf"
    told = [
        call("doubt", run, "--data", data, "-o", path, "--describe") for run in (model, done[1])
    ]
    assert told[0] == told[1]
    assert told[0][0] == 0
    assert path.read_bytes().startswith(b"%PDF")


def test_data_that_do_not_fit_the_network_are_told(call, done, tmp_path, error_line):
    code, out, err = call("doubt", done[1], "--data", tmp_path, "-o", tmp_path / "doubt.png")
    assert (code, out) == (1, "")
    error_line(err)
    assert list(tmp_path.iterdir()) == []
