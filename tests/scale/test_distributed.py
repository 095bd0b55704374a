"""One training on several ranks: the same mini-batches, and the same network everywhere."""

import sys
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway.scale.distributed import block

mpi = pytest.mark.needs("mpi")

# Steps of networks that several ranks and one make alike: the loader is in order, so that all of a
# mini-batch is on one rank, and shuffled; its last mini-batch is short.
STEPS = """
def data(n=22, seed=3):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (n, 6), dtype=np.uint8)
    return cutaway.Dataset(images, np.arange(n) % 3)

CASES = [
    (backend, reduction, shuffle, optimizer)
    for backend in ("numpy", "cpu")
    for reduction, optimizer in (
        ("mean", cutaway.SGD(0.5, momentum=0.9, weight_decay=0.1)),
        ("sum", cutaway.SGD(0.05)),
        ("mean", cutaway.Adam(0.01, eps=1e-3)),
    )
    for shuffle in (False, True)
]

def steps(comm, backend, reduction, shuffle, optimizer):
    network = cutaway.Network((6, 5, 3), output="softmax", loss="cross_entropy",
                              reduction=reduction, backend=backend, threads=1)
    start = network.get_weights(0)
    loader = cutaway.DataLoader(data(), 4, shuffle=shuffle)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = cutaway.fit(network, loader, optimizer=optimizer, epochs=2, valid=data(7, 4), comm=comm)
    epochs = [{name: value for name, value in epoch.items() if name != "seconds"}
              for epoch in history.epochs]
    return dict(change=(network.get_weights(0) - start).ravel().tolist(), losses=history.losses,
                epochs=epochs, fingerprint=network.fingerprint())
"""


@pytest.mark.parametrize(("samples", "ranks"), [(10, 3), (2, 5), (7, 1)])
def test_blocks_are_all_samples_once_and_as_even_as_can_be(samples, ranks):
    blocks = [block(samples, rank, ranks) for rank in range(ranks)]
    assert [i for rows in blocks for i in range(rows.start, rows.stop)] == list(range(samples))
    sizes = [rows.stop - rows.start for rows in blocks]
    assert max(sizes) - min(sizes) <= 1


@mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_together_learn_what_one_does_and_are_all_alike(on_ranks, ranks):
    told = on_ranks(ranks, STEPS + "tell([steps(comm, *case) for case in CASES])")
    assert all(other == told[0] for other in told[1:])
    names = {"np": np, "cutaway": cutaway, "warnings": __import__("warnings")}
    exec(STEPS, names)
    for case, shared in zip(names["CASES"], told[0], strict=True):
        alone = names["steps"](None, *case)
        change, expected = np.array(shared["change"]), np.array(alone["change"])
        assert np.linalg.norm(change - expected) <= 1e-5 * np.linalg.norm(expected), case
        np.testing.assert_allclose(shared["losses"], alone["losses"], rtol=1e-5)
        for one, other in zip(shared["epochs"], alone["epochs"], strict=True):
            assert one == pytest.approx(other, rel=1e-5), case


@mpi
def test_pictures_that_are_shifted_and_a_rest_that_is_dropped_are_shared_too(on_ranks):
    script = """
def losses(comm):
    random = np.random.default_rng(0)
    pictures = cutaway.Dataset(random.integers(0, 256, (23, 4, 4), dtype=np.uint8), np.arange(23) % 3)
    loader = cutaway.DataLoader(pictures, 5, shuffle=True, shift=1, drop_last=True)
    network = cutaway.Network((16, 3), threads=1)
    return cutaway.fit(network, loader, optimizer=cutaway.SGD(0.1), epochs=3, comm=comm).losses

tell([losses(comm), losses(None)])
"""
    for shared, alone in on_ranks(2, script):
        assert len(alone) == 3 * 4
        np.testing.assert_allclose(shared, alone, rtol=1e-5)


@mpi
def test_the_same_number_of_ranks_ends_in_the_same_bits_every_time(on_ranks):
    told = on_ranks(2, STEPS + "tell([steps(comm, *CASES[-1])['fingerprint'] for _ in range(5)])")
    assert len({fingerprint for each in told for fingerprint in each}) == 1


@mpi
def test_a_single_rank_has_the_bits_of_a_training_without_ranks(on_ranks):
    (told,) = on_ranks(1, STEPS + "tell([steps(c, *CASES[-1]) for c in (comm, None)])")
    assert told[0] == told[1]


@mpi
def test_whoever_stops_at_a_moment_on_all_ranks_can_train_again(on_ranks):
    script = """
network = cutaway.Network((6, 3), threads=1)
loader = cutaway.DataLoader(data(), 4)
for _ in range(2):
    for moment in cutaway.train(network, loader, optimizer=cutaway.SGD(1), every=2, comm=comm):
        if moment.step == 4:
            break
tell(network.fingerprint())
"""
    first, second = on_ranks(2, STEPS + script)
    assert first == second


REFUSED = """
def fit(network=None, set=None, loader=None, comm=comm, **more):
    network = network or cutaway.Network((6, 3), threads=1)
    loader = loader or cutaway.DataLoader(set or data(), 4, shuffle=True)
    settings = dict(optimizer=cutaway.SGD(1), epochs=1) | more
    cutaway.fit(network, loader, comm=comm, **settings)

images, labels = data().images.copy(), data().labels.copy()
images[rank] += 1
labels[3] = rank
mean, std = data().normalisation
other = cutaway.Network((6, 3), threads=1)
other.step(np.ones((1, 6)), [0], cutaway.SGD(1, momentum=0.5))
plain = cutaway.Network((6, 3), threads=1)
plain.load_state_dict(other.state_dict())
shuffled = dict(batch_size=4, shuffle=True)
tell([refusal(call) for call in [
    lambda: fit(cutaway.Network((6, 3), seed=rank, threads=1)),
    lambda: fit(cutaway.Network((6, 3 + rank), threads=1)),
    lambda: fit([other, plain][rank]),
    lambda: fit(set=cutaway.Dataset(images, data().labels, mean=mean, std=std)),
    lambda: fit(set=cutaway.Dataset(data().images, labels)),
    lambda: fit(set=cutaway.Dataset(data().images, data().labels, mean=rank, std=std)),
    lambda: fit(optimizer=cutaway.SGD(1 + rank)),
    lambda: fit(epochs=1 + rank),
    lambda: fit(valid=data(7, rank)),
    lambda: fit(valid=[None, data()][rank]),
    lambda: fit(loader=cutaway.DataLoader(data(), 1, shuffle=True)),
    lambda: fit(loader=cutaway.DataLoader(data(), 4, collate=list)),
    lambda: fit(loader=cutaway.DataLoader(data(), 4, sampler=range(22))),
    lambda: fit(loader=[(np.ones((1, 6)), [0])]),
    lambda: fit(epochs=[1, 0][rank]),
    lambda: fit(comm=3),
    lambda: fit(comm=MPI.COMM_NULL),
    lambda: fit(),
]])
"""


@mpi
def test_ranks_that_are_not_alike_and_what_they_cannot_share_are_refused_on_all(on_ranks):
    first, second = on_ranks(2, STEPS + REFUSED)
    same = "ValueError: train: ranks must have the same"
    another = "got another on rank 1"
    for told, expected in zip(first, [
        f"{same} start weights, {another}",
        f"{same} architecture, got ",
        f"{same} memory of the optimizer, {another}",
        f"{same} samples of the training set, {another}",
        f"{same} labels of the training set, {another}",
        f"{same} mean, got 0.0 on rank 0 and 1.0 on rank 1",
        f"{same} lr, got 1 on rank 0 and 2 on rank 1",
        f"{same} epochs, got 1 on rank 0 and 2 on rank 1",
        f"{same} mean and std of the validation set, got (",
        f"{same} kind of validation set, got 'NoneType' on rank 0 and 'Dataset' on rank 1",
        "ValueError: train: comm must have no more ranks than a mini-batch has samples, 1, got 2",
        "TypeError: train: loader must be a DataLoader of a Dataset, without collate, for ranks",
        "TypeError: train: loader must have the same order on all ranks, by shuffle= and seed=",
        "TypeError: train: loader must be a DataLoader of a Dataset, without collate, for ranks",
        "RankError: train: rank 1 (",
        "TypeError: train: comm must be a communicator of mpi4py, got 3",
        "TypeError: train: comm must be a communicator of mpi4py, got ",
    ], strict=False):  # fmt: skip
        assert told.startswith(expected)
    assert "left the training: ValueError: train: epochs must be at least 1, got 0" in first[14]
    assert second[14] == "ValueError: train: epochs must be at least 1, got 0"
    assert first[-1] is None  # and they go on together all the same
    assert [*first[:14], first[15]] == [*second[:14], second[15]]


OWN = """
def fit(**named):
    network = cutaway.Network((6, 5, 3), backend="cpu", threads=1)
    cutaway.fit(network, cutaway.DataLoader(data(), 4), optimizer=cutaway.SGD(0.5), epochs=2, comm=comm,
                **named)

tell([
    refusal(lambda: fit(checkpoint=5 if rank == 0 else "x.safetensors")),
    refusal(lambda: fit(progress=5 if rank == 0 else False)),
    refusal(lambda: fit(checkpoint="x.safetensors" if rank == 0 else None)),
    refusal(lambda: fit(resume="x.safetensors" if rank == 0 else None)),
    os.path.exists("x.safetensors"),
])
"""


@mpi
def test_files_are_rank_0_s_alone_and_wrong_ones_are_told_on_all(on_ranks):
    first, second = on_ranks(2, STEPS + OWN)
    sentences = "checkpoint must be a path, got 5", "progress must be True or False, got 5"
    for sentence, own, other in zip(sentences, first, second, strict=False):
        assert own == f"TypeError: fit: {sentence}"
        assert other.endswith(f" left the training: TypeError: fit: {sentence}")
    assert first[2:] == second[2:] == [None, None, True]


@mpi
def test_a_rank_reads_its_part_of_the_images_and_some_rows_of_all(on_ranks):
    script = """
class Watched(np.ndarray):
    def __getitem__(self, key):
        if isinstance(key, slice):
            parts.append([key.start, key.stop])
        elif isinstance(key, np.ndarray):
            parts.append(len(key))
        return np.asarray(super().__getitem__(key))

set, parts = data(3000), []
set.images = set.images.view(Watched)
network = cutaway.Network((6, 3), threads=1)
cutaway.fit(network, cutaway.DataLoader(set, 100), optimizer=cutaway.SGD(1), epochs=1, comm=comm)
tell([part for part in parts if part != [None, 1]])
"""
    assert on_ranks(2, STEPS + script) == [[1000, [0, 1500]], [1000, [1500, 3000]]]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it asks Linux for the pages")
def test_a_dataset_of_a_memory_map_is_not_read(tmp_path):
    path = tmp_path / "images.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (20_000, 784))
    images = np.load(path, mmap_mode="r")
    dataset = cutaway.Dataset(images, np.arange(20_000) % 10, mean=33.0, std=78.0)
    assert np.shares_memory(dataset.images, images)
    _, found, rest = Path("/proc/self/smaps").read_text().partition(str(path))
    resident = int(rest.partition("Rss:")[2].split()[0])
    assert found
    assert resident <= 128  # kB, of 15 MB


def test_comm_without_mpi4py_tells_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"train: comm needs mpi4py: pip install 'cutaway\[mpi"
    ):
        cutaway.fit(
            cutaway.Network((4, 2)), [(np.ones((1, 4)), [0])], optimizer=cutaway.SGD(1), comm=3
        )
