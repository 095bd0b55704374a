"""Evaluation on a GPU: a Dataset goes there once, two numbers come back, and no other is taken for it."""

import math

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network

KINDS = [np.uint8, np.float32]


def data_of(rows=300, features=20, kind=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 9, (rows, features)).astype(kind)
    return Dataset(images, rng.integers(0, 3, rows), mean=0, std=1)


def afresh(data):
    """What a network that has seen nothing finds."""
    return Network((20, 5, 3), backend="cuda").evaluate(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_goes_to_the_device_once_and_two_numbers_come_back(emulated, kind):
    network, data = Network((20, 5, 3), backend="cuda"), data_of(kind=kind)
    found = []
    for source in (data, data, DataLoader(data, 50)):
        before = emulated.uploaded(), emulated.downloaded()
        found.append(network.evaluate(source))
        labels = 4 * len(data)  # bytes
        images = data.images.nbytes if len(found) == 1 else 0
        assert emulated.uploaded() - before[0] == images + labels
        assert emulated.downloaded() - before[1] == 16
    assert found == [afresh(data)] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_data_is_taken_for_what_is_on_the_device(emulated, kind):
    network, data = Network((20, 5, 3), backend="cuda"), data_of(kind=kind)
    seen = [network.evaluate(data)]

    def differs(other):
        seen.append(network.evaluate(other))
        assert seen[-1] == afresh(other)
        assert len(set(seen)) == len(seen)

    data.labels[:] = (data.labels + 1) % 3
    differs(data)
    data.images = data.images[::-1].copy()
    differs(data)
    differs(data.subset(slice(0, 200)))
    memory = data_of(kind=kind, seed=1)
    differs(memory)
    memory.images[:] = 0  # a dataset that nobody has any more: its memory is free for another
    reused = memory.images
    del memory
    differs(Dataset(reused, data.labels, mean=0, std=1))
    if kind == np.uint8:  # normalised otherwise, which is no other image
        before = emulated.uploaded()
        network.mean, network.std = 3.0, 2.0
        assert network.evaluate(Dataset(reused, data.labels, mean=0, std=1)) not in seen
        network.evaluate(data)
        network.std = 4.0
        before = emulated.uploaded()
        assert network.evaluate(data) not in seen
        assert emulated.uploaded() - before == 4 * len(data)


@pytest.mark.usefixtures("emulated")
def test_what_is_kept_follows_the_weights():
    network, data = Network((20, 5, 3), backend="cuda"), data_of()
    before = network.evaluate(data)
    network.learn(np.arange(40), 8, dataset=data, optimizer=SGD(0.5))
    other = Network((20, 5, 3), backend="cuda")
    other.load_state_dict(network.state_dict())
    assert network.evaluate(data) == other.evaluate(data) != before


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_that_does_not_fit_goes_through_the_device_in_blocks(emulated, kind):
    data = data_of(3000, kind=kind)
    whole = afresh(data)
    emulated.emulate(memory=60_000 if kind == np.uint8 else 150_000)
    network = Network((20, 5, 3), backend="cuda")
    for _ in range(2):
        before = emulated.uploaded()
        assert network.evaluate(data) == whole
        assert emulated.uploaded() - before >= data.images.nbytes


@pytest.mark.parametrize("taken", [0, 20_000])
def test_a_quarter_of_what_is_left_is_kept_at_most(emulated, taken):
    """So that what others keep leaves room, too: of a GPU that is full, three quarters of little."""
    emulated.emulate(memory=(3 << 20) + 52 * taken)
    network, labels = Network((20, 5, 3), backend="cuda"), 4
    if taken:
        network.learn(np.arange(64), 64, dataset=data_of(taken), optimizer=SGD(0.5))
    for rows, kept in [(5_000, True), (7_500, False)]:  # 400 kB of 2.5 MB, 600 kB of 2.2 MB
        data = data_of(rows, kind=np.float32)
        network.evaluate(data)
        before = emulated.uploaded()
        network.evaluate(data)
        again = 0 if kept else data.images.nbytes
        assert emulated.uploaded() - before == again + labels * rows


def test_what_is_kept_makes_room_for_what_is_needed(emulated):
    data = data_of(5000)  # 100 kB
    emulated.emulate(memory=1_200_000)
    network = Network((20, 5, 3), backend="cuda")
    found = network.evaluate(data.subset(slice(0, 1000)))
    network.evaluate(data)
    before = emulated.uploaded()
    network.evaluate(data)
    assert emulated.uploaded() - before == 4 * len(data)  # it is kept
    larger = data_of(21_000)  # 1,092 kB there
    network.learn(np.arange(64), 64, dataset=larger, optimizer=SGD(0.5, 0.9), rates=[0])
    assert network.evaluate(data.subset(slice(0, 1000))) == found


def test_the_sum_is_of_doubles_in_an_order_that_no_block_changes(emulated):
    data = data_of(700)
    network = Network((20, 5, 3), backend="cuda")
    losses = [network.evaluate(data.subset(slice(i, i + 1)))[0] for i in range(700)]
    whole = network.evaluate(data)
    assert whole[0] == pytest.approx(math.fsum(losses) / 700, rel=1e-14)
    for patience in (30_000.0, 1e4, 1e3):  # FLOPs between two questions
        emulated.emulate(patience=patience)
        assert afresh(data) == whole
    emulated.emulate("shuffled", 3)
    assert afresh(data) == whole
