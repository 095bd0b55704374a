"""What a run leaves: film, pictures, model and history, and nothing of somebody else's is lost."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cutaway
from cutaway import Film, load
from cutaway.files import is_ours
from cutaway.job import outputs
from cutaway.job.filming import FilmPlan
from cutaway.job.run import run


def test_a_run_leaves_its_files_and_all_say_who_wrote_them(done, files, contents):
    folder, result = done
    assert result.files == [folder / name for name in files]
    assert sorted(contents(folder)) == sorted(files)
    assert all(is_ours(path) for path in result.files)


def test_the_saved_model_is_the_trained_network(done, data):
    folder, result = done
    network = load(folder / "model.safetensors")
    assert network.fingerprint() == result.network.fingerprint()
    assert network.evaluate(data[2])[1] == result.test_accuracy


def test_history_json_tells_the_whole_run(done, recipe):
    folder, result = done
    history = json.loads((folder / "history.json").read_text())
    assert history["cutaway"].startswith("written by cutaway ")
    assert history["lesson"] == json.loads(json.dumps(dataclasses.asdict(recipe)))
    assert (history["sizes"], history["seed"]) == ([64, 6, 4], 3)
    assert history["fingerprint"] == result.network.fingerprint()
    assert history["losses"] == result.history.losses
    assert history["epochs"] == result.history.epochs


def test_pictures_show_the_hidden_layer_and_say_how_it_was_learned(done):
    folder, _ = done
    with Image.open(folder / "hidden.png") as image:
        assert image.width == 3 * (8 * 28 + 8) + 8  # about 700: three tiles of 8 and their lines
        assert image.text["Description"].startswith("first layer: 6 units of 8x8 weights, 2 by 3")
        assert "64-6-4" in image.text["Comment"]
        assert "seed 3, 20 mini-batches" in image.text["Comment"]
        assert image.text["Software"].startswith("written by cutaway ")
    with Image.open(folder / "neuron.png") as image:
        assert image.width == 56 * 8
    with Image.open(folder / "loss.png") as image:
        assert image.text["Description"].startswith("training loss per sample from ")


def test_the_summary_is_what_json_prints(done):
    _, result = done
    summary = json.loads(json.dumps(result.summary()))
    assert summary.keys() >= {
        "epochs", "test_accuracy", "seconds", "frames", "files", "fingerprint",
        "backend", "gpu", "threads", "version",
    }  # fmt: skip
    assert summary["files"] == [str(path) for path in result.files]
    seconds = summary["seconds"]
    assert seconds["total"] == pytest.approx(seconds["train"] + seconds["render"], abs=0.002)
    for epoch in summary["epochs"]:
        assert epoch.keys() >= {"train_loss", "valid_loss", "valid_accuracy"}


def test_a_run_knows_the_layout_of_its_weights(out, rows, recipe):
    run(dataclasses.replace(recipe, hidden=(64,)), rows, out)  # a warning would be an error


def test_a_layer_of_very_many_units_is_drawn_without_numbers(out, recipe, data):
    run(dataclasses.replace(recipe, hidden=(2000,), epochs=1), data, out)
    with Image.open(out / "hidden.png") as image:
        assert image.width < 1000


def test_a_second_run_replaces_the_first(out, recipe, data, files, contents):
    run(recipe, data, out, film=FilmPlan())
    before = contents(out)
    run(recipe, data, out, seed=1, film=FilmPlan())
    after = contents(out)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in files)


@pytest.mark.parametrize("name", ["learn.mp4", "history.json"])
def test_a_file_of_somebody_else_is_refused_before_anything_is_learned(
    out, name, recipe, data, contents, stop_at
):
    out.mkdir(parents=True)
    (out / name).write_text("a letter")
    with pytest.raises(FileExistsError, match="was not written by cutaway; --force replaces it"):
        run(recipe, data, out, film=FilmPlan(), watch=stop_at(1, AssertionError))
    assert contents(out) == {name: b"a letter"}


def test_force_replaces_it(out, recipe, data, decode):
    out.mkdir(parents=True)
    (out / "learn.mp4").write_text("a letter")
    run(recipe, data, out, force=True, film=FilmPlan())
    assert len(decode(out / "learn.mp4")) == 20


def test_other_files_in_the_folder_are_left_alone(out, recipe, data):
    out.mkdir(parents=True)
    (out / "notes.txt").write_text("a letter")
    run(recipe, data, out)
    assert (out / "notes.txt").read_text() == "a letter"


def test_a_run_without_a_film_leaves_no_film_of_another(out, recipe, data, files):
    run(recipe, data, out, film=FilmPlan(path=Path("first.mp4")))
    (out / "mine.txt").write_text("stays")
    kept = Film(out / "mine.mp4")
    with kept:
        kept.write(np.zeros((16, 16), np.uint8))
    result = run(recipe, data, out)
    assert result.removed == [out / "first.mp4"]
    ours = set(files) - {"learn.mp4"}
    assert sorted(path.name for path in out.iterdir()) == sorted([*ours, "mine.mp4", "mine.txt"])


def test_a_film_of_somebody_else_stays(out, recipe, data):
    out.mkdir(parents=True)
    (out / "learn.mp4").write_bytes(b"mine")
    run(recipe, data, out)
    assert (out / "learn.mp4").read_bytes() == b"mine"


NAMES = ("north", "east", "south", "west")


@pytest.fixture
def named(data):
    return tuple(
        cutaway.Dataset(
            part.images.reshape(-1, 4, 16), part.labels, mean=data[0].mean, std=data[0].std,
            class_names=NAMES,
        )
        for part in data
    )  # fmt: skip


def test_the_names_of_classes_go_through_model_history_and_summary(out, recipe, named):
    result = run(recipe, named, out)
    network = load(out / "model.safetensors")
    assert (network.class_names, network.shape) == (NAMES, (4, 16))
    history = json.loads((out / "history.json").read_text())
    assert history["class_names"] == list(NAMES)
    expected = dict(zip(NAMES, network.class_accuracy(named[2]).tolist(), strict=True))
    assert history["class_accuracy"] == result.summary()["class_accuracy"] == expected
    assert result.test_accuracy == network.evaluate(named[2])[1]


def test_a_class_that_the_test_set_lacks_has_no_accuracy(out, recipe, named):
    some = named[2].subset(named[2].labels != 1)
    result = run(recipe, (*named[:2], some), out)
    assert result.class_accuracy["east"] is None
    assert json.loads((out / "history.json").read_text())["class_accuracy"]["east"] is None


@pytest.mark.parametrize(
    ("hidden", "caption"),
    [((6,), "neuron 1, most for east, against west"), ((), "class east"), ((6, 5), "neuron 1")],
)
def test_a_neuron_s_picture_tells_which_class_it_speaks_for(hidden, caption):
    network = cutaway.Network((8, *hidden, 4))
    network.class_names = NAMES
    for layer in range(1, network.architecture.layers):
        weights = network.get_weights(layer)
        weights[2, :4] = [0, 5, 1, -5][: weights.shape[1]]
        network.set_weights(layer, weights)
    assert outputs._caption(network, 1) == caption


def test_a_run_that_failed_says_so_and_marks_the_units(out, recipe, data):
    result = run(dataclasses.replace(recipe, lr=50.0), data, out)
    assert result.verdict.startswith("no better than guessing, ")
    assert result.verdict.endswith("try a smaller rate, 5")
    assert json.loads((out / "history.json").read_text())["verdict"] == result.verdict
    words = result.conditions[0]
    assert {"dead", "saturated"} & set(words)
    weights = result.network.weights[0]
    expected = cutaway.grid(weights, scale=None, legend="first layer", marks=words, numbers=True)
    with Image.open(out / "hidden.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


@pytest.mark.parametrize("name", ["learn.mp4", "history.json", "model.safetensors"])
@pytest.mark.parametrize("force", [False, True])
def test_a_pipe_in_the_folder_is_told_before_anything_is_learned(tmp_path, name, force):
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileExistsError, match=f"{name}: is no regular file"):
        outputs.prepare_folder(
            tmp_path, film=tmp_path / "learn.mp4", pictures=True, page=False, force=force
        )
