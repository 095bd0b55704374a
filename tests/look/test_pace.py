"""Pace: exactly as many frames as were asked for, dense where much happens."""

import numpy as np
import pytest

from cutaway.look.pace import even_steps, log_steps, movement_steps


@pytest.mark.parametrize("last", [1, 2, 15, 600, 3910, 100_000, 10**12])
@pytest.mark.parametrize("frames", [1, 2, 14, 600, 1001, 3909])
def test_exactly_as_many_frames_as_wanted_or_one_a_mini_batch(last, frames):
    rng = np.random.default_rng(last + frames)
    looks = np.unique([0, *rng.integers(0, last, 20), last])
    moved = rng.random(len(looks) - 1)
    for steps in (
        even_steps(last, frames),
        log_steps(last, frames),
        movement_steps(looks, moved, frames),
        movement_steps(looks, 0 * moved, frames),
        movement_steps(looks, np.where(moved < 0.5, moved, 0), frames),
    ):
        assert len(steps) == min(frames, last)
        assert (np.diff([0, *steps]) > 0).all()
        assert steps[-1] == last


def test_log_steps_are_one_by_one_and_then_at_a_constant_ratio():
    steps = np.array(log_steps(3910, 300))
    dense = int((np.diff(steps) == 1).sum())
    assert 30 < dense < 100
    ratios = steps[151:] / steps[150:-1]
    assert ratios.std() < 0.01
    assert steps[-1] / steps[-2] == pytest.approx(ratios.mean(), rel=0.01)


def test_movement_steps_follow_the_weights():
    """Of 100 mini-batches, the weights move in the second half only, and there evenly."""
    steps = np.array(movement_steps([0, 50, 100], [0, 7], 25))
    assert (steps > 50).all()
    assert set(np.diff(steps)) == {2}


def test_weights_that_do_not_move_are_seen_at_even_distances():
    assert movement_steps([0, 50, 100], [0, 0], 4) == [25, 50, 75, 100]


def test_what_moves_faster_than_one_frame_a_mini_batch_leaves_the_other_frames_to_the_rest():
    steps = movement_steps([0, 10, 110], [1000, 1], 60)
    assert steps[:10] == list(range(1, 11))
    assert set(np.diff(steps[10:])) <= {1, 2, 3}


def test_even_steps_are_at_even_distances():
    assert even_steps(20, 5) == [4, 8, 12, 16, 20]
    assert even_steps(20, 100) == list(range(1, 21))
