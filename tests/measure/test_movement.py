"""Movement: known ways have known planes, and the loss on a plane is that of weights set by hand."""

import numpy as np
import pytest

from cutaway import Dataset, Moment, Network
from cutaway.measure.movement import RANDOM_WALK, losses_at, losses_on, plane_of


def way(points, shape=(1, 2)):
    """Moments of a network of one layer whose weights and biases are points (moments, parameters)."""
    fan_in, units = shape
    return [
        Moment(
            epoch=1, step=step, losses=[], metrics={}, seconds=0.0,
            biases=(np.array(point[:units], np.float32),),
            weights=(np.array(point[units:], np.float32).reshape(fan_in, units),),
        )
        for step, point in enumerate(points)
    ]  # fmt: skip


@pytest.mark.parametrize("side", [-1, 1])
def test_a_way_in_a_plane_is_told_exactly(side):
    plane = plane_of("who", way([[5, 1, 0, 7], [6, 1 + side, 0, 7], [7, 1, 0, 7]]))
    (layer,) = plane.layers
    np.testing.assert_allclose(layer[0], [[7, 1], [0, 7]])  # the end
    np.testing.assert_allclose(layer[1], [[1, 0], [0, 0]], atol=1e-6)  # from start to end
    np.testing.assert_allclose(layer[2], [[0, side], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(plane.path, [[-2, 0], [-1, 1], [0, 0]], atol=1e-6)
    # the moment in between counts twice, as it has two neighbours: (4 + 2 * 1, 2 * 1) of 8
    np.testing.assert_allclose(plane.shares, [0.75, 0.25], atol=1e-6)


@pytest.mark.parametrize("heights", [(1, -3), (-3, 1), (3, 2, -1), (-1, -2, 5, 4), (-5, 1, 2, 1)])
def test_what_is_farthest_across_is_above(heights):
    points = [[0, 0], *([n + 1, height] for n, height in enumerate(heights)), [len(heights) + 1, 0]]
    path = plane_of("who", way(points, (1, 1))).path[:, 1]
    np.testing.assert_allclose(
        path[1:-1], np.array(heights) * np.sign(max(heights, key=abs)), atol=1e-5
    )


def test_what_lies_beside_the_plane_is_no_share_of_it():
    plane = plane_of("who", way([[0, 0, 0, 0], [1, 2, 0, 0], [2, 0, 1, 0], [3, 0, 0, 0]]))
    assert 0.9 < plane.shares.sum() < 0.99
    np.testing.assert_allclose(plane.path[[0, -1]], [[-3, 0], [0, 0]], atol=1e-5)


def test_it_does_not_matter_where_moments_lie_dense():
    def curve(at):
        return plane_of("who", way(np.stack([at, np.sin(3 * at), at**2, at**3], axis=1))).shares

    even, early = np.linspace(0, 1, 400), np.linspace(0, 1, 400) ** 3
    np.testing.assert_allclose(curve(even), curve(early), atol=1e-3)


def test_of_a_random_walk_a_plane_holds_87_percent():
    steps = np.random.default_rng(0).normal(size=(300, 6000))
    plane = plane_of("who", way(steps.cumsum(axis=0), (2, 2000)))
    assert plane.shares.sum() == pytest.approx(RANDOM_WALK, abs=0.01) == 0.87


@pytest.mark.parametrize("sizes", [(3, 4), (3, 5, 4), (3, 6, 5, 4)])
@pytest.mark.parametrize(
    "options", [{}, {"activation": "relu", "output": "softmax", "loss": "cross_entropy"}]
)
def test_the_loss_on_a_plane_is_that_of_weights_set_by_hand(sizes, options, backend):
    nets = [Network(sizes, **options, seed=seed, backend=backend) for seed in range(3)]
    moments = [
        Moment(
            epoch=1, step=step, losses=[], weights=net.weights, biases=net.biases, metrics={}, seconds=0.0
        )
        for step, net in enumerate(nets)
    ]  # fmt: skip
    data = Dataset(np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 4)
    plane, before = plane_of("who", moments), nets[2].fingerprint()
    losses = losses_on(nets[2], data, plane, np.array([-1.0, 0, 2]), np.array([0.0, 3]))
    assert losses.shape == (2, 3)
    for row, column, x, y in ((0, 1, 0, 0), (1, 0, -1, 3), (1, 2, 2, 3)):
        other = Network(sizes, **options, backend=backend)
        for layer, (end, along, across) in enumerate(plane.layers):
            other.set_weights(layer, end + x * along + y * across)
        assert losses[row, column] == pytest.approx(other.evaluate(data)[0], rel=1e-5)
    assert nets[2].fingerprint() == before
    own = [net.evaluate(data)[0] for net in nets]
    np.testing.assert_allclose(losses_at(nets[2], data, moments), own, rtol=1e-6)
    ends = [losses_on(nets[2], data, plane, x[:1], x[1:]).item() for x in plane.path]
    np.testing.assert_allclose(ends, own, rtol=1e-4)  # three points are in a plane


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([[0, 0], [1, 1], [2, 2]], "must move in a plane, not on a line"),
        ([[0, 0], [1, 0], [0, 0]], "must end elsewhere than they start"),
        ([[0, 0]] * 3, "must end elsewhere than they start"),
        ([[0, 0], [np.nan, 0], [1, 0]], "must have finite weights, got some that diverged"),
        ([[0, 0], [3e38, 0], [-3e38, 1]], "must have finite weights, got some that diverged"),
    ],
)
def test_what_has_no_plane_is_refused_in_a_sentence(points, sentence):
    with pytest.raises(ValueError, match=f"^who: moments {sentence}"):
        plane_of("who", way(points, (1, 1)))
