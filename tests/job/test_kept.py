"""What a run keeps of its training: few moments, dense at the beginning, true to the bit or nearly."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from cutaway.files import is_ours
from cutaway.job.kept import Kept
from cutaway.learn.history import Moment


def moment(step, value=0.0, accuracy=None, inputs=3, units=2):
    weights = np.full((inputs, units), value, np.float32)
    metrics = {} if accuracy is None else {"valid_accuracy": accuracy}
    return Moment(
        epoch=-(-step // 10), step=step, losses=np.ones(1, np.float32), weights=(weights,),
        biases=(weights[0] + 1,), metrics=metrics, seconds=0.0,
    )  # fmt: skip


def kept_of(last, room=10**6, **options):
    kept = Kept(moment(0, **options), last, room)
    for step in kept.wanted:
        kept.add(moment(step, step / 2, step / 100, **options))
    return kept


def test_few_moments_are_wanted_dense_at_the_beginning_and_round_numbers_among_them():
    wanted = Kept(moment(0), 3910).wanted
    assert len(wanted) < 80
    assert wanted[:6] == [1, 2, 3, 4, 5, 6]
    assert wanted[-1] == 3910
    assert {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000} < set(wanted)


def test_all_mini_batches_of_a_short_training_are_wanted():
    assert Kept(moment(0), 20).wanted == list(range(1, 21))


def test_distances_are_those_between_looks():
    kept = kept_of(4)
    assert kept.steps == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(kept.distances, [0.5 * 6**0.5] * 4)


def test_an_accuracy_is_the_last_that_was_measured():
    kept = Kept(moment(0), 3910)
    kept.add(moment(1), 0.1)
    kept.add(moment(2, accuracy=0.2), 0.9)  # that of the metrics
    kept.add(moment(3))
    assert kept.accuracy(0) == (None, 0)
    assert kept.accuracy(1) == (0.1, 1)
    assert kept.accuracy(5) == (0.2, 2)


def test_a_training_that_was_stopped_ends_where_it_was():
    kept = Kept(moment(0), 3910)
    kept.add(moment(1, 1.0))
    kept.end(moment(7, 7.0))
    assert kept.steps == [0, 1, 7]
    assert list(kept.moments) == [0, 1, 7]
    assert [step for step, _ in kept.scenes()] == [1, 7]
    np.testing.assert_array_equal(dict(kept.scenes())[7], np.full((3, 2), 7, np.float32))


def test_what_is_written_is_what_was_kept(tmp_path):
    kept = kept_of(20)
    kept.write(tmp_path / "moments.safetensors")
    tensors = load_file(tmp_path / "moments.safetensors")
    assert tensors["step"].tolist() == list(range(21))
    assert tensors["epoch"].tolist() == [0, *[1] * 10, *[2] * 10]
    assert tensors["accuracy.step"].tolist() == list(range(1, 21))
    np.testing.assert_allclose(tensors["accuracy"], np.arange(1, 21) / 100)
    layers = tensors["layer.0"]
    assert (layers.shape, layers.dtype) == ((21, 4, 2), np.float16)
    np.testing.assert_array_equal(layers[6], [[4, 4], [3, 3], [3, 3], [3, 3]])  # row 0 the bias
    assert is_ours(tmp_path / "moments.safetensors")


def test_weights_that_half_precision_cannot_hold_stay_single():
    kept = Kept(moment(0), 2)
    kept.add(moment(1, 1e6))
    (layer,) = kept.moments[1][1]
    assert layer.dtype == np.float32
    assert layer[1, 0] == 1e6


@pytest.mark.parametrize(("room", "least", "most"), [(16 * 30, 15, 30), (16, 2, 2), (15, 2, 2)])
def test_what_has_no_room_is_left_out_evenly(room, least, most):
    """A moment of 2 units of 3 weights and a bias takes 16 bytes."""
    kept = kept_of(3910, room)
    kept.end(moment(3910))
    assert least <= len(kept.moments) <= most
    assert len(kept.steps) > 60  # all were looked at


def test_moments_that_there_is_no_memory_for_are_told_before_the_training(monkeypatch):
    monkeypatch.setattr("cutaway.checks.values.free", lambda: 47e6)
    Kept(moment(0, inputs=1000, units=5000), 1, room=15 * 10**6)
    sentence = (
        r"^train: 3 moments of the network, and their file, need 0.0601 GB, 0.047 GB are free$"
    )
    with pytest.raises(MemoryError, match=sentence):
        Kept(moment(0, inputs=1000, units=5000), 1, room=25 * 10**6)
