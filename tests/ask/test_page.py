"""`cutaway.page`: a run, or a model's file, as one HTML file."""

import dataclasses
import json
import re

import numpy as np
import pytest

import cutaway
from cutaway.job.run import run
from cutaway.learn.recipes import RECIPES


@pytest.fixture
def folder(bands, tmp_path):
    """A run's folder, of 10 mini-batches."""
    recipe = dataclasses.replace(RECIPES["lesson9"], hidden=(5,), epochs=1, batch_size=16)
    run(recipe, (bands, bands, bands), tmp_path / "run", pictures=False, page=False)
    return tmp_path / "run"


def facts(page):
    return json.loads(re.search('id="facts">(.*?)</script>', page.html)[1])


def shape_of(page, name):
    (row,) = (row for row in facts(page)["table"] if row["name"] == name)
    return row["shape"]


def test_a_run_has_all_its_moments_its_losses_and_how_it_went(folder, bands, tmp_path):
    page = cutaway.page(folder, tmp_path / "a.html", data=bands)
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page.html
    told = facts(page)
    assert (told["title"], told["sizes"], told["shape"]) == ("64-5-4 on MNIST", [64, 5, 4], [8, 8])
    assert told["steps"] == [*range(11)]
    assert told["told"] == json.loads((folder / "history.json").read_text())["verdict"]
    assert (shape_of(page, "samples"), shape_of(page, "loss")) == ([160, 64], [10])
    assert repr(page) == "Page of 0.1 MB"


def test_a_models_file_is_one_moment_and_has_noise_to_prove_itself(folder, tmp_path):
    page = cutaway.page(folder / "model.safetensors", tmp_path / "a.html")
    assert facts(page)["steps"] == [0]
    assert (shape_of(page, "samples"), shape_of(page, "labels")) == ([8, 64], [0])
    assert facts(page)["title"] == "64-5-4"


def test_a_network_too_large_for_all_moments_has_some_with_the_first_and_the_last(
    folder, bands, tmp_path, monkeypatch
):
    monkeypatch.setattr("cutaway.job.page.ROOM", 3 * (65 * 5 + 6 * 4))
    page = cutaway.page(folder, tmp_path / "a.html", data=bands)
    assert facts(page)["steps"] == [0, 5, 10]


def recorded(data):
    """A loop of 30 mini-batches over arrays that do not say what they compute, and its Recorder."""
    network = cutaway.Network((64, 5, 4), backend="cpu")
    loader = cutaway.DataLoader(data, 16, shuffle=True)
    (w1, w2), (b1, b2) = network.weights, network.biases
    recorder = cutaway.Recorder([w1, b1, w2, b2])
    for moment in cutaway.train(network, loader, optimizer=cutaway.SGD(0.5), epochs=3, every=1):
        (w1, w2), (b1, b2) = moment.weights, moment.biases
        recorder.see([w1, b1, w2, b2], moment.losses[-1])
        if moment.metrics:
            recorder.end_epoch(valid_accuracy=0.5)
    return recorder


def test_a_recorded_training_has_its_moments_losses_and_accuracies(bands, tmp_path):
    recorder = recorded(bands)
    model = cutaway.Network.from_model(
        recorder, activation="sigmoid", output="sigmoid", mean=bands.mean, std=bands.std
    )
    page = cutaway.page(model, tmp_path / "a.html", data=bands, moments=recorder)
    assert facts(page)["steps"] == [*range(31)]
    assert facts(page)["epochs"] == [1] * 11 + [2] * 10 + [3] * 10
    assert (shape_of(page, "loss"), shape_of(page, "accuracy")) == ([30], [3])
    assert facts(page)["shape"] == [8, 8]


def test_a_recorder_that_knows_what_the_network_computes_is_enough(bands, tmp_path):
    network = cutaway.Network((64, 5, 4), activation="relu", backend="cpu")
    with cutaway.Recorder(network) as recorder:
        recorder.see(network, 0.5)
    with pytest.warns(UserWarning, match="page: the model does not say how pixels became numbers"):
        page = cutaway.page(recorder, tmp_path / "a.html", data=bands)
    assert facts(page)["activations"] == ["relu", "sigmoid"]
    assert facts(page)["steps"] == [0, 1]
    message = (
        r"page: the model draws, but cannot predict: .* activation and output of Network.from_"
    )
    with pytest.raises(ValueError, match=message):
        cutaway.page(recorded(bands), tmp_path / "b.html")
    assert not (tmp_path / "b.html").exists()


@pytest.mark.needs("torch")
def test_a_loop_of_pytorchs_has_a_page_of_probabilities(bands, tmp_path):
    import torch

    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(64, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4))
    optimizer, criterion = torch.optim.SGD(module.parameters(), 0.1), torch.nn.CrossEntropyLoss()
    x, y = torch.from_numpy(bands.images / np.float32(255)), torch.from_numpy(bands.labels.copy())
    with cutaway.Recorder().watch(module, optimizer, criterion) as recorder:
        for _ in range(3):
            loss = criterion(module(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model = cutaway.Network.from_model(recorder, mean=0, std=255)
    page = cutaway.page(model, tmp_path / "a.html", data=bands, moments=recorder)
    assert facts(page)["activations"] == ["tanh", "softmax"]
    assert (facts(page)["steps"], facts(page)["epochs"]) == ([0, 1, 2, 3], [0] * 4)
    assert (facts(page)["mean"], facts(page)["std"]) == (0, 255)


def test_a_recorded_training_that_failed_is_shown_as_far_as_it_went(tmp_path):
    network = cutaway.Network((64, 5, 4), backend="cpu")
    recorder = cutaway.Recorder(network)
    recorder.see(network, 0.5)
    state = {key: np.full_like(value, np.nan) for key, value in network.state_dict().items()}
    network.load_state_dict(state, finite=False)
    recorder.see(network, np.nan)
    page = cutaway.page(recorder, tmp_path / "a.html")
    assert facts(page)["steps"] == [0, 1]
    assert facts(page)["told"] == "diverged after mini-batch 1: shown is what came before"


def test_the_moments_of_train_make_a_page_dense_at_the_beginning(bands, learned, tmp_path):
    network, moments = learned(bands, epochs=100)
    page = cutaway.page(network, tmp_path / "a.html", data=bands, moments=moments)
    steps = facts(page)["steps"]
    assert steps[:6] == [1, 2, 3, 4, 5, 6]
    assert (steps[-1], shape_of(page, "loss")) == (1000, [1000])
    assert len(steps) < 80
    with pytest.raises(
        ValueError, match=r"^page: moments must be all of a training, got 10 losses"
    ):
        cutaway.page(network, tmp_path / "a.html", moments=moments[::100])


def test_a_network_alone_is_one_moment(bands, learned, tmp_path):
    network, _ = learned(bands)
    page = cutaway.page(network, tmp_path / "a.html", data=bands)
    assert facts(page)["steps"] == [0]


def test_what_is_no_run_is_told_what_is(tmp_path):
    with pytest.raises(
        TypeError, match=r"^page: run must be a run's folder, a Recorder or a model"
    ):
        cutaway.page(3, tmp_path / "a.html")
    with pytest.raises(
        ValueError, match=r"^page: model must have learned, got a Recorder that has"
    ):
        cutaway.page(cutaway.Recorder(), tmp_path / "a.html")


def test_data_that_do_not_fit_are_refused_and_no_file_is_left(folder, rows, tmp_path):
    with pytest.raises(ValueError, match="page: the network takes 64 features, the dataset has 6"):
        cutaway.page(folder, tmp_path / "a.html", data=rows)
    assert not (tmp_path / "a.html").exists()


def test_a_network_that_diverged_from_the_start_is_refused(folder, tmp_path):
    network = cutaway.load(folder / "model.safetensors")
    state = {name: np.full_like(values, np.nan) for name, values in network.state_dict().items()}
    network.load_state_dict(state, finite=False)
    with pytest.warns(UserWarning, match="diverged"):
        cutaway.save(network, tmp_path / "nan.safetensors")
    with (
        pytest.warns(UserWarning, match="diverged"),
        pytest.raises(ValueError, match="page: layer 0 must be finite, got nan at"),
    ):
        cutaway.page(tmp_path / "nan.safetensors", tmp_path / "a.html")
