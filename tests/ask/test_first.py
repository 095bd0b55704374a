"""`first`: which class a network recognised first, in a picture and a sentence that agree with it."""

import dataclasses

import numpy as np
import pytest

import cutaway
from cutaway import first


def by_hand(moment, step, answers):
    """A moment of a network without hidden layer: sample n of an identity matrix is answered so."""
    return dataclasses.replace(
        moment, step=step, weights=(np.eye(3, dtype=np.float32)[answers],),
        biases=(np.zeros(3, np.float32),),
    )  # fmt: skip


@pytest.fixture
def three(learned):
    """A network, moments that answer samples 0, 1 and 2 of three classes as told, and the samples."""
    data = cutaway.Dataset(
        np.eye(3, dtype=np.float32), [0, 1, 2], class_names=["ant", "bee", "cat"]
    )
    network, moments = learned(data, hidden=(), epochs=1)
    told = [(0, [2, 2, 2]), (1, [2, 1, 0]), (2, [2, 1, 2]), (40, [0, 1, 0])]
    return network, [by_hand(moments[0], *each) for each in told], data


def test_the_sentence_tells_the_first_and_the_last_class_and_what_was_lost(three):
    description = first(*three).info["Description"]
    assert description == (
        "bee is recognised first, cat last: bee from mini-batch 1 on, cat not even at the end; "
        "0 of 3 samples were learned and lost again"
    )


def test_samples_that_were_learned_and_lost_are_counted(three):
    network, moments, data = three
    lost, luck = [2, *[0] * 5, 1], [0, *[0] * 5, 1]  # answers to sample 0; 0 is right
    for answers, ending in ((lost, "1 of 3 samples was"), (luck, "0 of 3 samples were")):
        told = [by_hand(moments[0], n, [answer, 1, 2]) for n, answer in enumerate(answers)]
        description = first(network, told, data).info["Description"]
        assert description.endswith(f"{ending} learned and lost again")
        assert "bee from the start on" in description


def test_moments_may_come_in_any_order(three):
    network, moments, data = three
    assert first(network, moments[::-1], data).info == first(network, moments, data).info


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 5)])
def test_any_network_of_pictures_or_rows_is_drawn(learned, bands, rows, hidden, theme):
    for data in (bands, rows):
        image = first(*learned(data, hidden, epochs=1), data, theme=theme)
        assert image.mode == "RGB"
        assert 1200 <= image.width <= 1600
        assert image.height > 300


def test_the_network_stays_as_it_is(learned, bands):
    network, moments = learned(bands)
    before = network.fingerprint()
    first(network, moments, bands)
    assert network.fingerprint() == before


def test_one_moment_and_moments_of_another_network_are_refused(learned, bands, rows):
    network, moments = learned(bands, epochs=1)
    with pytest.raises(
        ValueError, match=r"^first: moments must be at least 2, got 1; cutaway train"
    ):
        first(network, moments[:1], bands)
    with pytest.raises(ValueError, match=r"a network 64-5-4, got one of 64-7-4$"):
        first(network, learned(bands, (7,), epochs=1)[1], bands)
    with pytest.raises(ValueError, match=r"^first: .* 64"):
        first(network, moments, rows)
