"""Samplers and the DataLoader: they behave as PyTorch's."""

import re

import numpy as np
import pytest

from cutaway import DataLoader, Dataset, RandomSampler

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 2, 2), np.uint8)
LABELS = np.arange(10) % 3


@pytest.fixture
def dataset():
    return Dataset(IMAGES, LABELS)


class Squares:
    """Anything with a length and [i] is a dataset."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return [i, i * i], i % 2


class OneTwoThree:
    """Anything that iterates over sample numbers is a sampler."""

    def __iter__(self):
        return iter([1, 2, 3])


def orders(loader, passes):
    return [loader.order().tolist() for _ in range(passes)]


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "sizes"),
    [
        (4, False, [4, 4, 2]),
        (4, True, [4, 4]),
        (5, False, [5, 5]),
        (5, True, [5, 5]),
        (99, False, [10]),
        (99, True, []),
    ],
)
def test_the_last_batch_is_short_or_left_out(dataset, batch_size, drop_last, sizes):
    loader = DataLoader(dataset, batch_size, drop_last=drop_last)
    assert [len(x) for x, _ in loader] == sizes
    assert len(loader) == len(sizes)
    assert len(loader.order()) == sum(sizes)


def test_batches_come_in_order_normalised_as_float32_with_integer_labels(dataset):
    batches = list(DataLoader(dataset, batch_size=4))
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(x, dataset[:][0])
    np.testing.assert_array_equal(y, LABELS)
    assert (x.dtype, y.dtype) == (np.float32, np.int64)


def test_a_shuffled_pass_has_every_sample_once_and_every_pass_another_order(dataset):
    first, second = orders(DataLoader(dataset, 4, shuffle=True), 2)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_the_same_seed_gives_the_same_orders_and_another_seed_others(dataset):
    same, again, other = (DataLoader(dataset, 4, shuffle=True, seed=seed) for seed in (7, 7, 8))
    expected = orders(same, 3)
    assert orders(again, 3) == expected
    assert orders(other, 3) != expected


def test_an_iteration_takes_the_order_of_its_pass(dataset):
    loader, twin = (DataLoader(dataset, 4, shuffle=True, seed=3) for _ in range(2))
    for _ in range(2):
        labels = np.concatenate([y for _, y in loader])
        np.testing.assert_array_equal(labels, LABELS[twin.order()])


def test_any_object_with_a_length_and_items_is_a_dataset():
    x, y = next(iter(DataLoader(Squares(), batch_size=3)))
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, [[0, 0], [1, 1], [2, 4]])
    np.testing.assert_array_equal(y, [0, 1, 0])


@pytest.mark.parametrize("source", [Squares(), Dataset(np.eye(5), np.arange(5) % 2)])
def test_collate_gets_the_samples_of_a_batch_as_a_list(source):
    loader = DataLoader(source, batch_size=2, collate=lambda samples: [y for _, y in samples])
    assert list(loader) == [[0, 1], [0, 1], [0]]


def test_collate_fn_is_pytorchs_word_for_collate(dataset):
    loader = DataLoader(dataset, batch_size=5, collate_fn=len, collate=None)
    assert list(loader) == [5, 5]


def test_pytorchs_keywords_are_taken_at_values_that_mean_nothing_here(dataset):
    """With a line of PyTorch's in which everything is written out."""
    loader = DataLoader(
        dataset, batch_size=4, shuffle=None, sampler=None, batch_sampler=None, num_workers=0,
        collate_fn=None, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None,
        multiprocessing_context=None, generator=None, prefetch_factor=None,
        persistent_workers=False, pin_memory_device="", in_order=True,
    )  # fmt: skip
    assert loader.direct is dataset


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"num_workers": 4}, "num_workers=4 does nothing here"),
        ({"in_order": False}, "in_order=False does nothing here"),
        (
            {"pin_memory": True, "timeout": 1.5, "num_workers": 0, "prefetch_factor": 2},
            "pin_memory=True, timeout=1.5, prefetch_factor=2 do nothing here",
        ),
    ],
)
def test_keywords_that_do_nothing_here_are_told_in_one_sentence(dataset, keywords, message):
    with pytest.warns(UserWarning, match=f"^DataLoader: {re.escape(message)}: ") as caught:
        DataLoader(dataset, **keywords)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("sampler", [OneTwoThree(), [1, 2, 3], np.array([1, 2, 3])])
def test_a_sampler_says_which_samples_and_in_which_order(dataset, sampler):
    loader = DataLoader(dataset, batch_size=2, sampler=sampler)
    for _ in range(2):
        assert [y.tolist() for _, y in loader] == [[1, 2], [0]]


def test_a_sampler_with_a_length_gives_the_loader_its_own(dataset):
    assert len(DataLoader(dataset, batch_size=2, sampler=[1, 2, 3])) == 2


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ((["1", "2"], 0), "x must be real numbers, got <U1"),
        (([1j], 0), "x must be real numbers, got complex128"),
        ((np.ma.array([1.0], mask=[True]), 0), "x must be a plain array, got a masked one"),
    ],
)
def test_samples_that_are_no_numbers_are_refused(sample, message):
    with pytest.raises(TypeError, match=f"^DataLoader: {re.escape(message)}"):
        next(iter(DataLoader([sample])))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer, got 2.5"),
        (
            {"shuffle": True, "sampler": [0]},
            ValueError,
            "give either shuffle=True or a sampler, got both",
        ),
        (
            {"collate": len, "collate_fn": len},
            TypeError,
            "give either collate or collate_fn, got both",
        ),
        (
            {"batch_sampler": [[0, 1]]},
            TypeError,
            "batch_sampler must be None, got list; give sampler= and batch_size= instead",
        ),
        (
            {"generator": np.random.default_rng(0)},
            TypeError,
            "generator must be None, got Generator; give seed= instead",
        ),
        ({"batchsize": 5}, TypeError, "there is no keyword 'batchsize'"),
        ({"dataset": iter([])}, TypeError, "dataset must have a length and [i], got list_iterator"),
        ({"dataset": {1, 2}}, TypeError, "dataset must have a length and [i], got set"),
    ],
)
def test_what_makes_no_loader_is_refused(dataset, settings, error, message):
    with pytest.raises(error, match=f"^DataLoader: {re.escape(message)}"):
        DataLoader(**{"dataset": dataset, **settings})


def test_a_sampler_of_no_numbers_is_refused(dataset):
    with pytest.raises(TypeError, match=r"^DataLoader: sampler must be integers, got float64$"):
        list(DataLoader(dataset, sampler=[0.5]))


def test_an_order_is_a_function_of_seed_and_epoch(dataset):
    """So that to resume is an integer."""
    loader, twin = (DataLoader(dataset, 4, shuffle=True, seed=7) for _ in range(2))
    passes = orders(loader, 3)
    assert [twin.order(epoch).tolist() for epoch in (2, 0, 1)] == [passes[i] for i in (2, 0, 1)]
    assert twin.order().tolist() == passes[0]  # to ask for a numbered one takes none away
    assert loader.sampler.epoch == 3
    loader.sampler.epoch = 1
    assert orders(loader, 2) == passes[1:]
    assert RandomSampler(100, seed=2).order(0).tolist() != RandomSampler(100, 0).order(2).tolist()


def test_numbered_passes_leave_out_the_last_batch_too(dataset):
    loader = DataLoader(dataset, 2, shuffle=True, drop_last=True)
    assert loader.order(5).tolist() == loader.sampler.order(5)[: len(loader) * 2].tolist()


def test_passes_in_sequence_are_all_the_same(dataset):
    loader = DataLoader(dataset, 4)
    assert loader.order(3).tolist() == loader.order().tolist() == list(range(len(dataset)))


def test_a_sampler_of_ones_own_has_no_numbered_passes(dataset):
    with pytest.raises(ValueError, match=r"^order: epoch must be None .* got 3$"):
        DataLoader(dataset, sampler=[1, 0]).order(3)


@pytest.mark.parametrize(("epoch", "kind"), [(-1, ValueError), (1.5, TypeError), ("1", TypeError)])
def test_an_epoch_is_a_number_from_0(dataset, epoch, kind):
    for shuffle in (False, True):
        loader = DataLoader(dataset, shuffle=shuffle)
        with pytest.raises(kind, match=r"^order: epoch must be"):
            loader.order(epoch)
    loader.sampler.epoch = epoch
    with pytest.raises(kind, match=r"^order: epoch must be"):
        loader.order()
    assert loader.sampler.epoch == epoch


def test_a_seed_is_a_number_from_0():
    with pytest.raises(ValueError, match=r"^RandomSampler: seed must be at least 0, got -1$"):
        RandomSampler(5, seed=-1)


def test_samples_of_one_s_own_that_are_bytes_are_told():
    samples = [(np.full((1, 2, 2), 200, np.uint8), 1)] * 3
    with pytest.warns(
        UserWarning, match=r"^DataLoader: the samples' integers, up to 200, .* scale"
    ):
        (x, y), = DataLoader(samples)  # fmt: skip
    assert (x.dtype, x.shape) == (np.float32, (3, 1, 2, 2))
    assert y.tolist() == [1, 1, 1]
