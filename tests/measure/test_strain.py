"""Inputs that are made harder, and a hand-made network's answers to them."""

import numpy as np
import pytest

import cutaway
from cutaway.measure.strain import answers_of, blank, pure_noise, strained, strains

KINDS = ["noise", "rotation", "shift", "erased"]


def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def pictures():
    """Pixels (200, 9, 9) on paper of 20, with ink of 220 inside."""
    images = np.full((200, 9, 9), 20, np.uint8)
    images[:, 2:7, 3:6] = rng().choice([20, 220], (200, 5, 3))
    return cutaway.Dataset(images, np.arange(200) % 2)


@pytest.fixture(scope="module")
def rows():
    return cutaway.Dataset(
        rng().normal([5, -3], [1, 10], (500, 2)).astype(np.float32), [0, 1] * 250
    )


def shown(data, images):
    return images.reshape(len(data), *data.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_no_strain_changes_nothing(pictures, kind):
    np.testing.assert_allclose(strained(pictures, kind, 0, rng()), pictures.images, atol=1e-3)


def test_a_shift_moves_to_the_right_and_paper_comes_in(pictures):
    moved = shown(pictures, strained(pictures, "shift", 2, rng()))
    before = shown(pictures, pictures.images)
    np.testing.assert_allclose(moved[:, :, 2:], before[:, :, :-2], atol=1e-3)
    np.testing.assert_allclose(moved[:, :, :2], 20, atol=1e-3)


def test_half_a_turn_is_upside_down_and_a_quarter_is_counter_clockwise(pictures):
    before = shown(pictures, pictures.images)
    for degrees, turns in ((180, 2), (90, 1)):
        turned = shown(pictures, strained(pictures, "rotation", degrees, rng()))
        np.testing.assert_allclose(turned, np.rot90(before, turns, axes=(1, 2)), atol=0.1)


def test_so_many_pixels_as_told_are_erased_to_paper_and_more_of_the_same():
    noisy = cutaway.Dataset(rng().integers(100, 256, (200, 9, 9), np.uint8), np.arange(200) % 2)
    half, most = (strained(noisy, "erased", part, rng()) for part in (0.5, 0.9))
    for images, part in ((half, 0.5), (most, 0.9)):
        assert (images != noisy.images).mean() == pytest.approx(part, abs=0.02)
        assert set(np.unique(images[images != noisy.images])) == {float(blank(noisy)[0])}
    assert (most[half != noisy.images] != noisy.images[half != noisy.images]).all()


def test_noise_has_the_spread_that_is_told_and_stays_within_the_range_of_pixels(pictures):
    images = strained(pictures, "noise", 0.1, rng())
    assert images.min() >= 20
    assert images.max() <= 220
    paper = images[pictures.images == 20]
    assert paper.max() > 60
    assert np.sqrt(np.square(paper - 20).mean() * 2) == pytest.approx(
        20, rel=0.05
    )  # half is cut off


def test_noise_of_rows_is_of_each_feature_s_own_spread_and_may_leave_the_range(rows):
    noise = strained(rows, "noise", 2, rng()) - rows.images
    np.testing.assert_allclose(noise.std(axis=0), 2 * rows.images.std(axis=0), rtol=0.1)


def test_a_blank_is_paper_or_the_mean_of_each_feature(pictures, rows):
    assert set(blank(pictures)) == {20}
    np.testing.assert_allclose(blank(rows), rows.images.mean(axis=0), rtol=1e-5)


def test_pure_noise_is_within_the_range_of_pixels_or_of_each_feature(pictures, rows):
    for data in (pictures, rows):
        noise = pure_noise(data, 1000, rng())
        axis = None if data.shape else 0
        low, high = data.images.min(axis=axis), data.images.max(axis=axis)
        assert (noise >= low).all()
        assert (noise <= high).all()
        middle = (low.astype(float) + high) / 2
        np.testing.assert_allclose(
            noise.mean(axis=axis), middle, atol=0.05 * float(np.max(high - low))
        )


def test_answers_are_the_network_s_own_to_pixels_and_to_numbers(pictures, rows):
    for data in (pictures, rows):
        features = data.images.shape[1]
        network = cutaway.Network(
            (features, 2), output="softmax", loss="cross_entropy", backend="cpu"
        )
        network.learn(range(8), 4, dataset=data, optimizer=cutaway.SGD(0.1))
        answers, sure = answers_of(network, data, data.images)
        np.testing.assert_array_equal(answers, network.predict(data))
        np.testing.assert_allclose(sure, network.forward(data).max(axis=1), rtol=1e-6)


def test_strains_are_those_of_a_network_that_looks_at_one_feature():
    """Two features, and class 1 is where the first is above 0: known weights, known accuracies."""
    x = np.array([[-1, 0], [1, 0]] * 200, np.float32)
    data = cutaway.Dataset(x, [0, 1] * 200)
    network = cutaway.Network((2, 2), output="softmax", loss="cross_entropy", backend="cpu")
    network.set_weights(0, [[0, 0], [-5, 5], [0, 0]])
    noise, erased = strains(network, data)
    assert [noise.kind, erased.kind] == ["noise", "erased"]
    for strain in (noise, erased):
        assert strain.accuracy[0] == 1
        assert strain.confidence[0] == pytest.approx(1 / (1 + np.exp(-10)), rel=1e-5)
        assert strain.answers[0] == 0
        np.testing.assert_array_equal(strain.example[0], x[0])
    # Noise of three times the spread turns the sign of so many: P(Z > 1 / 3).
    assert noise.accuracy[-1] == pytest.approx(0.63, abs=0.06)
    # What is erased is 0: its answer is class 0, which is right of half of them.
    assert erased.accuracy[-1] == pytest.approx(0.1 + 0.9 / 2, abs=0.05)
    assert erased.confidence[-1] == pytest.approx(0.1 + 0.9 / 2, abs=0.05)


def test_pictures_have_four_strains_and_the_same_seed_gives_the_same(pictures):
    network = cutaway.Network((81, 2), backend="cpu")
    first, again, other = (
        list(strains(network, pictures.subset(slice(50)), seed)) for seed in (1, 1, 2)
    )
    assert [strain.kind for strain in first] == KINDS
    assert [strain.strengths[-1] for strain in first] == pytest.approx([1.2, 180, 4, 0.9])
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.example, same.example)
    assert (first[0].example[1] != other[0].example[1]).any()
