"""A run: film, pictures, model and history in a folder, however the run ends."""

import dataclasses
import json

import av
import numpy as np
import pytest
from PIL import Image

from cutaway import SGD, DataLoader, Dataset, Network, fit, load
from cutaway.files import is_ours
from cutaway.job.recipes import RECIPES
from cutaway.job.run import run
from cutaway.look.tiles import tiles

RECIPE = dataclasses.replace(RECIPES["lesson9"], hidden=(6,), epochs=2, batch_size=32)
STEPS = 2 * 10  # mini-batches
REST = ["model.safetensors", "history.json", "hidden.png", "neuron.png", "loss.png"]
FILES = ["learn.mp4", *REST]


def stripes(n, mean=None, std=None, seed=0):
    """Images (n, 8, 8) of four classes: where the bright rows are."""
    labels = np.arange(n) % 4
    images = np.random.default_rng(seed).integers(0, 80, (n, 4, 2, 8), np.uint8)
    images[np.arange(n), labels] += 150
    return Dataset(images.reshape(n, 8, 8), labels, mean=mean, std=std)


TRAIN = stripes(310)
DATA = (TRAIN, *(stripes(40, TRAIN.mean, TRAIN.std, seed) for seed in (1, 2)))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "runs" / "first"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run that tests look at."""
    folder = tmp_path_factory.mktemp("done")
    return folder, run(RECIPE, DATA, folder, seed=3)


def decode(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stop_at(step, error):
    def watch(moment):
        if moment.step == step:
            raise error

    return watch


def test_a_run_leaves_its_files_and_all_say_who_wrote_them(done):
    folder, result = done
    assert result.files == [folder / name for name in FILES]
    assert sorted(contents(folder)) == sorted(FILES)
    assert all(is_ours(path) for path in result.files)


def test_the_film_has_a_frame_for_every_mini_batch(done):
    folder, result = done
    assert result.frames == STEPS == len(decode(folder / "learn.mp4"))
    assert len(result.history.losses) == STEPS


def test_the_films_last_frame_is_the_trained_layer(done):
    folder, result = done
    expected = tiles(result.network.weights[0], shape=(8, 8), limit=7 / 8).astype(int)
    frame = decode(folder / "learn.mp4")[-1][::2, ::2]
    assert np.abs(frame[: len(expected), : expected.shape[1]] - expected).mean() < 12


def test_the_saved_model_is_the_trained_network(done):
    folder, result = done
    network = load(folder / "model.safetensors")
    assert network.fingerprint() == result.network.fingerprint()
    assert network.evaluate(DATA[2])[1] == result.test_accuracy


def test_a_run_is_fit_with_the_recipes_settings(done):
    _, result = done
    network = Network((64, 6, 4), reduction="sum", seed=3)
    history = fit(
        network,
        DataLoader(TRAIN, 32, shuffle=True, seed=3),
        optimizer=SGD(5e-3),
        epochs=2,
        valid=DATA[1],
    )
    assert network.fingerprint() == result.network.fingerprint()
    assert [{**e, "seconds": 0} for e in history.epochs] == [
        {**e, "seconds": 0} for e in result.history.epochs
    ]


def test_history_json_tells_the_whole_run(done):
    folder, result = done
    history = json.loads((folder / "history.json").read_text())
    assert history["cutaway"].startswith("written by cutaway ")
    assert history["lesson"] == json.loads(json.dumps(dataclasses.asdict(RECIPE)))
    assert (history["sizes"], history["seed"]) == ([64, 6, 4], 3)
    assert history["fingerprint"] == result.network.fingerprint()
    assert history["losses"] == result.history.losses
    assert history["epochs"] == result.history.epochs


def test_pictures_show_the_hidden_layer_and_say_how_it_was_learned(done):
    folder, _ = done
    with Image.open(folder / "hidden.png") as image:
        assert image.width == 25 * (3 * 9 + 1)  # about 700: three tiles of 8 and their lines
        assert "64-6-4" in image.text["Description"]
        assert "seed 3, 20 mini-batches" in image.text["Description"]
        assert image.text["Software"].startswith("written by cutaway ")
    with Image.open(folder / "neuron.png") as image:
        assert image.width == 56 * 8
    with Image.open(folder / "loss.png") as image:
        image.load()


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


def test_with_fewer_frames_or_without_a_film_the_same_is_learned(done, out):
    _, first = done
    fewer = run(RECIPE, DATA, out, seed=3, every=4)
    assert fewer.frames == 6 == len(decode(out / "learn.mp4"))
    without = run(RECIPE, DATA, out.parent / "second", seed=3, film=False)
    assert [path.name for path in without.files] == REST
    assert without.frames == 0
    for result in (fewer, without):
        assert result.network.fingerprint() == first.network.fingerprint()
        assert result.history.losses == first.history.losses


@pytest.mark.parametrize("name", RECIPES)
def test_every_lesson_learns(out, name):
    recipe = dataclasses.replace(RECIPES[name], epochs=4, batch_size=16)
    result = run(recipe, DATA, out, film=False)
    assert result.test_accuracy > 0.9
    assert result.network.architecture.sizes == (64, *recipe.hidden, 4)


def test_the_fast_lesson_draws_only_when_asked(out):
    recipe = dataclasses.replace(RECIPES["fast"], hidden=(6,))
    plain = run(recipe, DATA, out)
    assert sorted(contents(out)) == ["history.json", "model.safetensors"]
    drawn = run(recipe, DATA, out, film=True)
    assert sorted(contents(out)) == sorted(FILES)
    assert drawn.network.fingerprint() == plain.network.fingerprint()


def test_waves_need_pictures(out):
    data = [Dataset(part.images[:, :12], part.labels) for part in DATA]
    with pytest.raises(ValueError, match=r"^train: start weights of waves need pictures"):
        run(RECIPES["fast"], data, out)
    assert not out.exists()


def test_samples_that_are_no_images_are_drawn_as_strips(out):
    data = [Dataset(part.images[:, :12], part.labels) for part in DATA]
    run(RECIPE, data, out)
    assert decode(out / "learn.mp4")[0].shape == (2 * (2 * 2 + 1), 2 * (3 * 13 + 1), 3)


def test_the_seed_decides_and_nothing_else(out):
    prints = [
        run(RECIPE, DATA, out, film=False, seed=seed, threads=threads).network.fingerprint()
        for seed, threads in ((0, 1), (0, 2), (1, 1))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_a_second_run_replaces_the_first(out):
    run(RECIPE, DATA, out)
    before = contents(out)
    run(RECIPE, DATA, out, seed=1)
    after = contents(out)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in FILES)


@pytest.mark.parametrize("name", ["learn.mp4", "history.json"])
def test_a_file_of_somebody_else_is_refused_before_anything_is_learned(out, name):
    out.mkdir(parents=True)
    (out / name).write_text("a letter")
    with pytest.raises(FileExistsError, match="was not written by cutaway; --force replaces it"):
        run(RECIPE, DATA, out, watch=stop_at(1, AssertionError))
    assert contents(out) == {name: b"a letter"}


def test_force_replaces_it(out):
    out.mkdir(parents=True)
    (out / "learn.mp4").write_text("a letter")
    run(RECIPE, DATA, out, force=True)
    assert len(decode(out / "learn.mp4")) == STEPS


def test_other_files_in_the_folder_are_left_alone(out):
    out.mkdir(parents=True)
    (out / "notes.txt").write_text("a letter")
    run(RECIPE, DATA, out, film=False)
    assert (out / "notes.txt").read_text() == "a letter"


@pytest.mark.parametrize("step", [1, 10])
def test_ctrl_c_ends_the_run_and_what_was_learned_is_written(out, step):
    result = run(RECIPE, DATA, out, watch=stop_at(step, KeyboardInterrupt))
    assert result.interrupted
    assert result.test_accuracy is None
    assert result.files == [out / name for name in FILES]
    assert result.frames == step == len(decode(out / "learn.mp4"))
    assert len(json.loads((out / "history.json").read_text())["losses"]) == step
    assert load(out / "model.safetensors").fingerprint() == result.network.fingerprint()


def test_any_other_error_keeps_the_older_run_as_it_was(out):
    run(RECIPE, DATA, out)
    before = contents(out)
    with pytest.raises(OSError, match="no pipe"):
        run(RECIPE, DATA, out, seed=1, watch=stop_at(7, OSError("no pipe")))
    assert contents(out) == before


def test_a_loss_that_is_no_longer_finite_leaves_nothing(out):
    wild = dataclasses.replace(RECIPES["lesson5"], lr=1e30)
    with pytest.raises(RuntimeError, match="the loss must stay finite"):
        run(wild, DATA, out)
    assert contents(out) == {}


def test_a_run_without_a_film_leaves_no_film_of_another(out):
    run(RECIPE, DATA, out)
    (out / "mine.txt").write_text("stays")
    run(RECIPE, DATA, out, film=False)
    assert sorted(path.name for path in out.iterdir()) == sorted([*REST, "mine.txt"])


def test_a_film_of_somebody_else_stays(out):
    out.mkdir(parents=True)
    (out / "learn.mp4").write_bytes(b"mine")
    run(RECIPE, DATA, out, film=False)
    assert (out / "learn.mp4").read_bytes() == b"mine"
