"""A letter is ink in the middle of a picture of any shape."""

import numpy as np
import pytest

from cutaway.look.letters import letter


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (20, 40), (64, 32)])
@pytest.mark.parametrize("text", "AKXЖ")
def test_a_letter_is_in_the_middle_with_paper_around(shape, text):
    ink = letter(text, shape)
    assert ink.shape == shape
    assert ink.min() == 0
    assert 0.4 < ink.max() <= 1
    down, across = (np.flatnonzero(ink.max(axis=axis) > 0.05) for axis in (1, 0))
    for inked, side in ((down, shape[0]), (across, shape[1])):
        assert abs(inked[0] - (side - 1 - inked[-1])) <= 1
    longest = max(len(down), len(across))
    assert 0.6 * min(shape) <= longest <= 0.95 * min(shape)


def test_letters_differ_as_they_are_written():
    assert np.abs(letter("A", (28, 28)) - letter("K", (28, 28))).max() > 0.9
    x = letter("X", (28, 28))
    assert np.abs(x - x[:, ::-1]).mean() < 0.05  # about the same from behind, which K is not
    k = letter("K", (28, 28))
    assert np.abs(k - k[:, ::-1]).mean() > 0.1
