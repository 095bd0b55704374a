"""An earlier run is trained again, to the bit, up to one of its mini-batches."""

import dataclasses
import json

import numpy as np
import pytest

from cutaway.job.again import lesson
from cutaway.job.earlier import read_run
from cutaway.job.run import run
from cutaway.measure.update import taught


@pytest.mark.parametrize("number", [1, 2, 10, 11, 20])
@pytest.mark.parametrize(
    "settings", [{}, {"optimizer": "adam", "schedule": "one-cycle"}, {"shift": 1}]
)
def test_learning_a_lesson_gives_what_the_run_had_after_it(
    tmp_path, recipe, data, number, settings
):
    recipe = dataclasses.replace(recipe, **settings)
    run(recipe, data, tmp_path, seed=3, pictures=False, page=False)
    earlier = read_run(tmp_path)
    found = lesson(earlier, data, number)
    assert found.epoch == (1 if number <= 10 else 2)
    assert len(found.numbers) == (32 if number % 10 else 310 - 9 * 32)
    after = taught(found.network, found.data, found.numbers, found.optimizer, found.rate)
    assert after.losses[0] == pytest.approx(earlier.history.sample_losses[number - 1], rel=1e-5)
    network = recipe.make_network(64, 4, seed=3, backend="cpu")
    for moment in recipe.train(network, data[0], seed=3, every=1):
        if moment.step == number:
            assert after.network.weights[0].tobytes() == moment.weights[0].tobytes()


@pytest.mark.parametrize("number", [0, 21])
def test_a_mini_batch_that_is_not_there_is_told(done, data, number):
    with pytest.raises(ValueError, match=rf"^batch: number must be from 1 to 20, got {number}$"):
        lesson(read_run(done[0]), data, number)


def test_a_model_alone_has_no_recipe(done, data):
    with pytest.raises(ValueError, match="must be a folder of cutaway train, got a model alone"):
        lesson(read_run(done[0] / "model.safetensors"), data, 1)


def test_other_data_or_another_history_than_the_run_s_are_noticed(done, data):
    earlier = read_run(done[0])
    with pytest.raises(ValueError, match=r"must train to the same losses again, got .* mini-batch"):
        lesson(earlier, (data[1], *data[1:]), 2)
    changed = np.array(earlier.history.losses)
    changed[4] *= 1.1
    history = dataclasses.replace(earlier.history, losses=changed.tolist())
    other = dataclasses.replace(earlier, history=history)
    assert lesson(other, data, 4).epoch == 1
    with pytest.raises(ValueError, match="for mini-batch 5: were its data or its history changed"):
        lesson(other, data, 5)


def test_a_recipe_that_is_none_is_one_sentence(tmp_path, recipe, data):
    run(recipe, data, tmp_path, pictures=False, page=False)
    path = tmp_path / "history.json"
    about = json.loads(path.read_text())
    about["lesson"] = {"hidden": [6], "lucky": True}
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match=r"^batch: the run's history has no recipe of ours"):
        lesson(read_run(tmp_path), data, 1)
