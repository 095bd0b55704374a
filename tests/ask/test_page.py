"""`cutaway.page`: a run, or a model's file, as one HTML file."""

import dataclasses
import json
import re

import numpy as np
import pytest

import cutaway
from cutaway.job.recipes import RECIPES
from cutaway.job.run import run


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
