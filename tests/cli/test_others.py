"""Models of other libraries, as files: pictures draw them, questions ask what their files do not tell."""

import numpy as np
import pytest
from PIL import Image

from cutaway import Network, grid, load, mistakes
from cutaway.cli.looking import data_of
from cutaway.job.earlier import read_run


@pytest.fixture
def npz(model, tmp_path):
    """The weights of a run's model as others keep them."""
    network = load(model)
    path = tmp_path / "weights.npz"
    (first, second), (a, b) = network.weights, network.biases
    np.savez(path, W1=first, b1=a, W2=second, b2=b)
    return path


@pytest.fixture
def known(model):
    """The options that tell what an npz does not."""
    network = load(model)
    return ["--activations", "sigmoid,sigmoid", "--normalise", network.mean, network.std]


def test_a_picture_needs_nothing_but_the_weights(call, npz, model, tmp_path):
    for path, name in ((npz, "theirs"), (model, "ours")):
        assert call("picture", path, "-o", tmp_path / f"{name}.png", "--layer", 0)[0] == 0
    assert (tmp_path / "theirs.png").read_bytes() == (tmp_path / "ours.png").read_bytes()


def test_a_picture_of_weights_that_fit_both_ways_asks_for_their_layout(call, tmp_path, error_line):
    square = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    np.save(tmp_path / "square.npy", square)
    path, drawn = tmp_path / "square.npy", tmp_path / "grid.png"
    code, _, err = call("picture", path, "-o", drawn)
    assert code == 1
    assert "picture: layout must be 'in,out' or 'out,in' for 'square.npy' (16, 16)" in error_line(
        err
    )
    assert call("picture", path, "-o", drawn, "--layout", "out,in")[0] == 0
    with Image.open(drawn) as image:
        expected = grid(square.T, scale=None, legend="output layer of 16-16", border=True,
                        names=[str(n) for n in range(16)])  # fmt: skip
        assert image.size[0] == expected.size[0]


@pytest.mark.parametrize(
    "question", [["biography"], ["biography", 3], ["mistakes"], ["why", 5], ["doubt"]]
)
def test_a_question_draws_theirs_as_ours(call, npz, model, data, known, tmp_path, question):
    name, *more = question
    told = []
    for path, options in ((npz, known), (model, [])):
        code, out, err = call(
            name, path, *more, "--data", data, *options, "-o", tmp_path / "a.png", "--describe"
        )
        assert (code, err) == (0, "")
        with Image.open(tmp_path / "a.png") as image:
            told.append((out, image.tobytes()))
    assert told[0] == told[1]


def test_what_the_file_does_not_tell_is_asked_for(call, cutaway, npz, data, tmp_path, error_line):
    question = ("mistakes", npz, "--data", data, "-o", tmp_path / "a.png")
    code, _, err = call(*question)
    assert code == 1
    line = error_line(err)
    assert "mistakes: the model draws, but cannot predict: its activations are unknown" in line
    assert "or --activations" in line
    done = cutaway(*question, "--activations", "sigmoid,sigmoid")
    assert done.returncode == 0
    assert done.stderr.startswith(
        "cutaway: warning: mistakes: the model does not say how pixels became numbers"
    )
    assert "or --normalise" in done.stderr


def test_activations_may_be_one_for_each_layer(tmp_path, call, data):
    rng = np.random.default_rng(0)
    sizes = (64, 7, 5, 4)
    arrays = {f"W{n}": rng.normal(size=sizes[n : n + 2]) for n in range(3)}
    np.savez(tmp_path / "a.npz", **arrays)
    for names in ("relu,softmax", "tanh,relu,softmax"):
        code, *_ = call(
            "mistakes", tmp_path / "a.npz", "--data", data, "--activations", names,
            "--normalise", 0, 255, "-o", tmp_path / "a.png",
        )  # fmt: skip
        assert code == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--activations", "relu"], None),  # for the output alone
        (["--activations", "relu,gelu"], "must be names with commas, of sigmoid, relu"),
        (["--activations", "softmax,relu"], "must be names with commas"),
        (["--layout", "up"], "up"),
    ],
)
def test_what_makes_no_activations_is_refused(call, npz, data, tmp_path, options, text, error_line):
    code, _, err = call("mistakes", npz, "--data", data, "-o", tmp_path / "a.png", *options)
    assert code == (1 if text is None else 2)
    assert (text or "activation must be one name or one per hidden layer (1), got 0") in error_line(
        err
    )


def test_what_is_told_of_a_run_s_folder_is_refused(call, done, data, tmp_path, error_line):
    code, _, err = call(
        "mistakes", done[1], "--data", data, "--layout", "in,out", "-o", tmp_path / "a.png"
    )
    assert code == 2
    assert "--activations, --normalise and --layout are for a file" in error_line(err)


@pytest.mark.parametrize(
    "question", [["poster"], ["first"], ["landscape"], ["batch", "--number", 1]]
)
def test_what_asks_about_the_training_says_what_a_file_lacks(
    call, npz, tmp_path, question, error_line
):
    name, *more = question
    code, _, err = call(name, npz, *more, "-o", tmp_path / "a.png")
    assert code == 1
    assert "weights.npz: must be a folder of cutaway train, which keeps the moments" in error_line(
        err
    )


@pytest.mark.parametrize("command", ["picture", "mistakes"])
def test_a_pickle_is_refused_with_the_line_that_makes_safetensors_of_it(
    call, tmp_path, command, error_line
):
    (tmp_path / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    code, _, err = call(command, tmp_path / "model.pt", "-o", tmp_path / "a.png")
    assert code == 1
    assert f"{command}: model.pt can hold code, and is not read; if you trust it: import torch" in (
        error_line(err)
    )


def test_the_function_takes_the_model_as_the_command_its_file(npz, model, data):
    test = data_of(read_run(model), data)[2]
    network = load(model)
    theirs = Network.from_model(
        npz, activation="sigmoid", output="sigmoid", mean=network.mean, std=network.std
    )
    np.testing.assert_array_equal(
        np.asarray(mistakes(theirs, test)), np.asarray(mistakes(network, test))
    )
    np.testing.assert_array_equal(
        np.asarray(mistakes(model, test)), np.asarray(mistakes(network, test))
    )
