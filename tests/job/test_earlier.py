"""An earlier run is read from its folder, or from a model's file alone."""

import dataclasses
import json
import os

import numpy as np
import pytest

from cutaway import load
from cutaway.job.earlier import model_of, read_run
from cutaway.job.run import run


def test_a_run_s_folder_gives_what_the_run_had(done):
    folder, result = done
    earlier = read_run(folder)
    assert earlier.network.fingerprint() == result.network.fingerprint()
    assert earlier.history.losses == result.history.losses
    assert earlier.history.epochs == result.history.epochs
    assert earlier.data == {"name": "mnist"}
    assert [m.step for m in earlier.moments] == list(range(21))
    assert [len(m.losses) for m in earlier.moments] == [0, *[1] * 20]
    assert earlier.moments[-1].epoch == 2
    for value, last in zip(result.network.weights, earlier.moments[-1].weights, strict=True):
        assert value.tobytes() == last.tobytes()  # in full precision
    assert (earlier.seed, earlier.recipe["batch_size"]) == (3, 32)
    assert len(earlier.accuracies) == 20


def test_moments_are_those_of_the_training(done, recipe, data):
    folder, _ = done
    moments = read_run(folder).moments
    network = recipe.make_network(64, 4, seed=3)
    assert np.abs(moments[0].weights[0] - network.weights[0]).max() < 1e-3
    for moment in recipe.train(network, data[0], seed=3, every=1):
        kept = moments[moment.step]
        for now, then in zip(
            (*moment.weights, *moment.biases), (*kept.weights, *kept.biases), strict=True
        ):
            np.testing.assert_allclose(then, now, rtol=1e-3, atol=1e-6)  # half precision
        np.testing.assert_array_equal(kept.losses, moment.losses)
        assert kept.shape == (8, 8)


def test_a_model_alone_is_one_moment(done):
    folder, result = done
    path = folder / "model.safetensors"
    assert model_of(folder) == path == model_of(path)
    earlier = read_run(path)
    (moment,) = earlier.moments
    np.testing.assert_array_equal(moment.weights[0], result.network.weights[0])
    assert (earlier.history.losses, earlier.data) == ([], {})
    assert repr(moment) == "Moment(epoch=0, step=0)"


def test_a_run_of_version_0_1_0_has_one_moment(out, recipe, data):
    run(recipe, data, out, pictures=False, page=False)
    (out / "moments.safetensors").unlink()
    about = json.loads((out / "history.json").read_text())
    for key in ("data", "film", "sample_losses"):
        del about[key]
    (out / "history.json").write_text(json.dumps(about))
    earlier = read_run(out)
    (moment,) = earlier.moments
    assert (moment.step, moment.epoch) == (20, 2)
    assert moment.weights[0].tobytes() == load(out / "model.safetensors").weights[0].tobytes()


@pytest.mark.parametrize("name", ["model.safetensors", "history.json", "moments.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", bytes(100)])
def test_a_damaged_file_is_one_sentence_with_its_name(out, recipe, data, name, content):
    run(recipe, data, out, pictures=False, page=False)
    (out / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read_run(out)


@pytest.mark.parametrize("hidden", [(5, 5), (7,)])
def test_moments_of_another_run_are_refused(out, recipe, data, hidden):
    run(recipe, data, out, pictures=False, page=False)
    moments = (out / "moments.safetensors").read_bytes()
    run(dataclasses.replace(recipe, hidden=hidden), data, out, pictures=False, page=False)
    (out / "moments.safetensors").write_bytes(moments)
    with pytest.raises(ValueError, match="holds no moments of this run"):
        read_run(out)


def test_a_pipe_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Is no regular file"):
        read_run(tmp_path / "pipe")
