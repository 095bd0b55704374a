"""Training: when Moments come and what they hold, however the mini-batches are made."""

import pickle
import sys
import time
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cutaway import SGD, Adam, DataLoader, Dataset, History, Network, OneCycle, fit, train
from cutaway.data.loader import stack
from cutaway.learn import training
from cutaway.learn.training import mini_batches_at_once

RNG = np.random.default_rng(0)
DATA = Dataset(RNG.integers(0, 256, (100, 4, 4), np.uint8), RNG.integers(0, 3, 100))
VALID = Dataset(RNG.integers(0, 256, (30, 16), np.uint8), RNG.integers(0, 3, 30))
OTHER = Dataset(RNG.integers(0, 256, (30, 9), np.uint8), RNG.integers(0, 3, 30))
STEPS = 7  # mini-batches of 16 in an epoch, the last one short


def network(**options):
    return Network((16, 8, 3), **options)


def loader(**options):
    return DataLoader(DATA, 16, **{"shuffle": True, "seed": 4, **options})


def moments(net, **options):
    return list(train(net, loader(), **{"optimizer": Adam(0.01), "epochs": 2, **options}))


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (None, [7, 14]),
        (3, [3, 6, 7, 10, 13, 14]),
        (100, [7, 14]),
    ],
)
def test_a_moment_comes_every_n_mini_batches_and_at_the_end_of_an_epoch(every, steps):
    seen = moments(network(), every=every, valid=VALID)
    assert [m.step for m in seen] == steps
    assert [m.epoch for m in seen] == [1 + (step > STEPS) for step in steps]
    assert [len(m.losses) for m in seen] == np.diff([0, *steps]).tolist()
    assert [m.step for m in seen if m.metrics] == [7, 14]


def test_how_often_one_looks_changes_no_bit():
    results = []
    for every in (None, 1, 3, 7):
        net = network()
        seen = moments(net, every=every, valid=VALID)
        losses = np.concatenate([m.losses for m in seen]).tobytes()
        results.append((net.fingerprint(), losses, [m.metrics for m in seen if m.metrics]))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("every", "at", "steps"),
    [
        (None, [1, 2, 9], [1, 2, 7, 9, 14]),
        (3, [9, 2, 2, 14], [2, 3, 6, 7, 9, 10, 13, 14]),
        (None, [], [7, 14]),
        (None, np.arange(1, 15), list(range(1, 15))),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_moment_comes_at_any_mini_batch_that_is_asked_for(every, at, steps, own):
    net, whole = network(), network()
    pairs = (DataLoader if own else OtherLoader)(DATA, 16)
    seen = list(train(net, pairs, optimizer=Adam(0.01), epochs=2, every=every, at=at))
    assert [m.step for m in seen] == steps
    assert [len(m.losses) for m in seen] == np.diff([0, *steps]).tolist()
    assert [m.step for m in seen if m.metrics] == [7, 14]
    fit(whole, pairs, optimizer=Adam(0.01), epochs=2)
    assert net.fingerprint() == whole.fingerprint()


@pytest.mark.parametrize("valid", [None, VALID])
def test_metrics_are_those_of_the_epoch_and_of_the_validation_set(valid):
    net = network()
    last = moments(net, valid=valid)[-1]
    assert set(last.metrics) == {f"{s}_{k}" for s in ("train", "valid")[: 1 + bool(valid)]
                                 for k in ("loss", "accuracy")}  # fmt: skip
    if valid:
        assert (last.metrics["valid_loss"], last.metrics["valid_accuracy"]) == net.evaluate(valid)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_training_metrics_are_means_per_sample_whatever_the_batches(reduction):
    net = network(reduction=reduction)
    metrics = moments(net, optimizer=SGD(0), epochs=1, every=2)[-1].metrics
    loss, accuracy = net.evaluate(DATA)
    assert metrics["train_loss"] == pytest.approx(loss, rel=1e-5)
    assert metrics["train_accuracy"] == accuracy


def test_weights_are_copies_that_later_training_leaves_alone():
    net = network()
    seen, copies = [], []
    for moment in train(net, loader(), optimizer=SGD(0.1), epochs=1, every=1):
        held = (*moment.weights, *moment.biases)
        for array, now in zip(held, (*net.weights, *net.biases), strict=True):
            np.testing.assert_array_equal(array, now)
        seen.append(held)
        copies.append([array.tobytes() for array in held])
    assert [[array.tobytes() for array in held] for held in seen] == copies
    assert len({held[0] for held in copies}) == STEPS  # and every update shows


def test_a_moment_copies_each_matrix_once():
    for moment in moments(network()):
        for weights, biases in zip(moment.weights, moment.biases, strict=True):
            assert weights.base is biases.base is not None


def test_writing_to_a_moment_does_not_reach_the_network():
    net = network()
    for moment in train(net, loader(), optimizer=SGD(0.1), epochs=1, every=1):
        for array in (*moment.weights, *moment.biases, moment.losses):
            array[...] = np.nan
    expected = network()
    fit(expected, loader(), optimizer=SGD(0.1), epochs=1)
    assert net.fingerprint() == expected.fingerprint()


def test_nothing_is_learned_before_the_first_moment_is_asked_for_and_break_ends_the_training():
    net = network()
    start = net.fingerprint()
    running = train(net, loader(), optimizer=SGD(0.1), every=2)
    assert net.fingerprint() == start
    for moment in running:
        if moment.step == 4:
            break
    expected = network()
    expected.learn(loader().order()[: 4 * 16], 16, dataset=DATA, optimizer=SGD(0.1))
    assert net.fingerprint() == expected.fingerprint()


BATCHES = [
    lambda: list(DataLoader(DATA, 16)),  # a list of (x, y)
    lambda: DataLoader(DATA, 16, collate=stack),
    lambda: DataLoader([DATA[i] for i in range(len(DATA))], 16),
]


@pytest.mark.parametrize("make", BATCHES, ids=["list", "collate", "samples"])
def test_batches_made_by_the_user_teach_the_same_as_those_gathered_by_the_core(make):
    options = {"optimizer": SGD(0.5), "schedule": OneCycle(), "epochs": 2, "every": 3}
    gathered, made = (
        list(train(network(), batches, **options)) for batches in (DataLoader(DATA, 16), make())
    )
    for a, b in zip(gathered, made, strict=True):
        assert (a.epoch, a.step) == (b.epoch, b.step)
        np.testing.assert_allclose(a.losses, b.losses, rtol=1e-5)
        np.testing.assert_allclose(a.weights[0], b.weights[0], rtol=1e-4, atol=1e-6)
        assert a.metrics == pytest.approx(b.metrics, rel=1e-5)


def test_a_schedule_multiplies_the_rate_of_every_step_over_all_epochs():
    asked = []

    def factors(steps, total):
        asked.append((steps.tolist(), total))
        return (steps >= STEPS).astype(float)  # nothing is learned in the first epoch

    net = network()
    start = net.fingerprint()
    prints = []
    for _ in train(net, loader(), optimizer=SGD(0.1), schedule=SimpleNamespace(factors=factors),
                   epochs=2):  # fmt: skip
        prints.append(net.fingerprint())
    assert asked == [([*range(7)], 14), ([*range(7, 14)], 14)]
    assert prints[0] == start != prints[1]


@pytest.mark.parametrize("every", [None, 1])
def test_a_loss_that_is_no_longer_finite_ends_the_training_and_says_when(every):
    net = network(activation="identity", output="identity")
    with pytest.raises(RuntimeError) as caught:
        list(train(net, loader(), optimizer=SGD(1e18), epochs=9, every=every))
    assert str(caught.value) == (
        "train: the loss must stay finite, got inf in epoch 1 at mini-batch 2; "
        "try a smaller lr (it was 1e+18)"
    )
    error = pickle.loads(pickle.dumps(caught.value))  # as joblib sends it
    assert (error.step, str(error)) == (2, str(caught.value))


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"network": "net"}, TypeError, "network must be a Network, got str"),
        ({"loader": iter([])}, TypeError, "loader must have a length and yield (x, y)"),
        ({"loader": []}, ValueError, "loader must have at least 1 mini-batch, got 0"),
        ({"loader": DataLoader(OTHER)}, ValueError, "takes 16 features, the dataset has 9"),
        ({"optimizer": 0.1}, TypeError, "optimizer must be SGD(...) or Adam(...), got 0.1"),
        ({"schedule": "cosine"}, TypeError, "schedule must be OneCycle(...) or Constant()"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"every": 0}, ValueError, "every must be at least 1, got 0"),
        ({"at": [3, 0]}, ValueError, "at must be from 1 to 35, got 0"),
        ({"at": [36]}, ValueError, "at must be from 1 to 35, got 36"),
        ({"at": 3}, ValueError, "at must have one axis, got shape ()"),
        ({"at": [1.5]}, TypeError, "at must be integers, got float64"),
        ({"valid": OTHER}, ValueError, "takes 16 features, the dataset has 9"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_the_call(changes, error, text):
    arguments = {"network": network(), "loader": loader(), "optimizer": SGD(0.1), **changes}
    with pytest.raises(error) as caught:
        train(**arguments)
    assert str(caught.value).startswith("train: ")
    assert text in str(caught.value)


def test_history_holds_every_loss_and_the_metrics_of_every_epoch():
    history = fit(network(), loader(), optimizer=Adam(0.01), epochs=2, valid=VALID)
    seen = moments(network(), valid=VALID)
    assert history.losses == np.concatenate([m.losses for m in seen]).tolist()
    assert [{**e, "seconds": 0} for e in history.epochs] == [
        {"epoch": m.epoch, "step": m.step, **m.metrics, "seconds": 0} for m in seen
    ]
    assert all(epoch["seconds"] >= 0 for epoch in history.epochs)


def test_history_takes_moments_between_epochs_as_losses_alone():
    history = History()
    for moment in moments(network(), every=3, epochs=2):
        history.add(replace(moment, seconds=0.5))
    parts = -(-STEPS // 3)
    assert len(history.losses) == 2 * STEPS
    assert history.seconds == parts
    assert [(e["step"], e["seconds"]) for e in history.epochs] == [
        (STEPS, parts / 2),
        (2 * STEPS, parts / 2),
    ]


def test_a_moment_knows_the_seconds_that_it_took_but_not_those_of_who_looks_at_it():
    begin = time.perf_counter()
    seconds, outside = 0.0, 0.0
    for moment in train(network(), loader(), optimizer=SGD(0.1), epochs=2, every=3, valid=VALID):
        assert moment.seconds > 0
        seconds += moment.seconds
        time.sleep(0.02)
        outside += 0.02
    assert seconds <= time.perf_counter() - begin - outside


def test_fit_is_silent_unless_asked_for_a_bar_which_changes_no_bit(capsys):
    silent, shown = network(), network()
    history = fit(silent, loader(), optimizer=SGD(0.1), epochs=2)
    assert capsys.readouterr() == ("", "")
    with_bar = fit(shown, loader(), optimizer=SGD(0.1), epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "14/14" in err
    assert shown.fingerprint() == silent.fingerprint()
    assert with_bar.losses == history.losses


def test_an_epoch_of_lesson_9_recognises_nine_digits_of_ten(mnist):
    train_set, valid_set, _ = mnist
    net = Network(reduction="sum")
    batches = DataLoader(train_set, 64, shuffle=True)
    history = fit(net, batches, optimizer=SGD(5e-3), epochs=1, valid=valid_set)
    assert len(history.losses) == 782
    assert history.epochs[0]["valid_accuracy"] > 0.9


class OtherLoader:
    """Another library's loader: mini-batches anew at every pass."""

    def __init__(self, data, batch):
        self.data, self.batch = data, batch

    def __len__(self):
        return -(-len(self.data) // self.batch)

    def __iter__(self):
        for start in range(0, len(self.data), self.batch):
            yield list(self.data[start : start + self.batch])


ALIKE = Dataset(VALID.images, VALID.labels, mean=DATA.mean, std=DATA.std)


@pytest.mark.parametrize(
    "valid",
    [OtherLoader(ALIKE, 7), list(OtherLoader(ALIKE, 7)), ALIKE[:]],
    ids=["loader", "list", "pair"],
)
def test_another_library_s_loader_is_as_good_for_validation_as_for_training(valid):
    own, other = network(), network()
    options = dict(optimizer=SGD(0.1), epochs=2)
    expected = fit(own, DataLoader(DATA, 16), valid=ALIKE, **options)
    history = fit(other, OtherLoader(DATA, 16), valid=valid, **options)
    for epoch, one in zip(history.epochs, expected.epochs, strict=True):
        assert epoch["valid_accuracy"] == one["valid_accuracy"]
        assert epoch["valid_loss"] == pytest.approx(one["valid_loss"], rel=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(valid=iter([])), "valid must start anew at every pass, got list_iterator"),
        (dict(valid=3), "valid must be a Dataset or yield (x, y) mini-batches, got int"),
        (dict(valid="x"), "valid must be a Dataset or yield (x, y) mini-batches, got str"),
        (
            dict(loader=DATA),
            "loader must yield (x, y) mini-batches, got a Dataset; wrap it: cutaway.DataLoader(dataset, 64",
        ),
        (
            dict(loader=DATA[:]),
            "loader must yield (x, y) mini-batches, got a tuple; wrap it: cutaway.DataLoader(cutaway.D",
        ),
    ],
)
def test_what_cannot_be_trained_with_is_told_at_the_call(given, message):
    options = {"loader": loader(), "valid": VALID, **given}
    with pytest.raises(TypeError) as error:
        train(network(), options.pop("loader"), optimizer=SGD(0.1), **options)
    assert str(error.value).startswith(f"train: {message}")


def test_a_training_that_nobody_asked_for_is_told():
    with pytest.warns(UserWarning, match=r"^train: nothing was learned.*loop over train") as caught:
        train(network(), loader(), optimizer=SGD(0.1))
    assert [warning.filename for warning in caught] == [__file__]
    train(network(), loader(), optimizer=SGD(0.1)).close()  # somebody thought better of it
    next(train(network(), loader(), optimizer=SGD(0.1)))


def test_an_interrupted_fit_leaves_the_history_of_what_was_learned():
    class Interrupted(OtherLoader):
        def __iter__(self):
            for i, batch in enumerate(super().__iter__()):
                if self.passes == 1 and i == 130:
                    raise KeyboardInterrupt
                yield batch
            self.passes += 1

        passes = 0

    net = network()
    with pytest.raises(KeyboardInterrupt):
        fit(net, Interrupted(Dataset(np.tile(DATA.images, (2, 1)), np.tile(DATA.labels, 2)), 1),
            optimizer=SGD(0.01), epochs=3)  # fmt: skip
    assert len(net.history.epochs) == 1
    assert len(net.history.losses) == 300
    history = fit(net, loader(), optimizer=SGD(0.1), epochs=1)
    assert net.history is history


@pytest.mark.parametrize(
    ("sizes", "batch", "at_once"),
    [((784, 64, 10), 64, 2637), ((784, 1024, 1024, 10), 256, 18), ((4, 3), 1, 10_000)],
)
def test_fit_learns_some_tenths_of_a_second_at_once(sizes, batch, at_once):
    assert mini_batches_at_once(Network(sizes, backend="numpy"), batch) == at_once


def test_an_epoch_that_takes_long_leaves_what_it_learned_when_it_is_interrupted(monkeypatch):
    net = network()
    monkeypatch.setattr(training, "_WORK", 3 * 16 * net.architecture.parameters)
    learn = net.learn

    def interrupted(*arguments, **options):
        if len(net.history.losses) == 6:
            raise KeyboardInterrupt
        return learn(*arguments, **options)

    monkeypatch.setattr(net, "learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(net, DataLoader(DATA, 16), optimizer=SGD(0.01), epochs=1)
    assert len(net.history.losses) == 6


def test_a_loader_s_single_row_counts_as_one():
    """As PyTorch's DataLoader(batch_size=None) yields them: a picture is as high as it has rows."""
    x, y = DATA[:]
    own, other = network(), network()
    one_by_one = [(row.reshape(4, 4), label) for row, label in zip(x, y, strict=True)]
    expected = fit(own, DataLoader(DATA, 1), optimizer=SGD(0.1), epochs=1).epochs[0]
    epoch = fit(other, one_by_one, optimizer=SGD(0.1), epochs=1).epochs[0]
    assert epoch["train_accuracy"] == expected["train_accuracy"]
    assert epoch["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-4)


@pytest.mark.parametrize(("yielded", "got"), [(0, "0"), (5, "5"), (9, "more")])
def test_a_loader_that_yields_other_than_its_length_says_is_told(yielded, got):
    class Wrong(OtherLoader):
        def __iter__(self):
            return iter([self.data[:16]] * yielded)

    message = "^train: loader must yield as many mini-batches as its length says, 7, got "
    with pytest.raises(ValueError, match=f"{message}{got}$"):
        fit(network(), Wrong(DATA, 16), optimizer=SGD(0.1), epochs=1)


def sorted_by_class(low, high):
    labels = np.arange(60) * (high - low) // 60 + low
    return Dataset(RNG.integers(0, 256, (60, 16), np.uint8), labels)


def test_classes_that_only_the_validation_set_has_are_told():
    message = "^train: the validation set has classes that the training set lacks: 8, 9; .* shuffle"
    with pytest.warns(UserWarning, match=message):
        train(Network((16, 10)), DataLoader(sorted_by_class(0, 8)), optimizer=SGD(0.1),
              valid=sorted_by_class(8, 10)).close()  # fmt: skip


def test_classes_that_the_training_set_lacks_are_told_by_their_names():
    data = Dataset(DATA.images, 2 * DATA.labels, class_names=["a", "b", "c", "d", "e"])
    with pytest.warns(UserWarning, match="^train: the training set lacks classes: b, d$"):
        train(Network((16, 5)), DataLoader(data), optimizer=SGD(0.1), valid=data).close()


def test_a_notebook_shows_a_moment_as_its_first_layer_and_where_it_stands():
    moment = moments(network(), epochs=1, every=3)[0]
    assert moment.shape == DATA.shape == (4, 4)
    html = moment._repr_html_()
    assert "<img" in html
    assert "Moment(epoch=1, step=3, loss=" in html


def test_a_notebook_shows_a_history_as_curves_and_a_table():
    html = fit(network(), loader(), optimizer=SGD(0.1), epochs=2)._repr_html_()
    assert "<img" in html
    assert html.count("<tr>") == 3
    assert "History(14 losses, epochs=2, train_loss=" in html


def test_a_bar_in_a_notebook_needs_no_widgets_and_warns_of_none(monkeypatch, capsys):
    """tqdm.auto warns there, unless ipywidgets is installed, and swallows a warning that is an error."""
    app = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: app))
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    for name in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit(network(), loader(), optimizer=SGD(0.1), epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert (out, told) == ("", [])
    assert "14/14" in err


def test_a_class_that_only_a_validation_set_without_names_has_is_told_by_its_number():
    data = Dataset(DATA.images, ["a", "b"] * 50)
    valid = Dataset(DATA.images, np.arange(100) % 3)
    with pytest.warns(UserWarning, match="^train: the validation set has classes .* lacks: 2; "):
        train(Network((16, 3)), DataLoader(data), optimizer=SGD(0.1), valid=valid).close()


@pytest.mark.parametrize(
    "labels", [["b", "c"] * 50, np.eye(3)[[1, 2] * 50]], ids=["text", "one-hot"]
)
def test_a_first_class_that_the_training_set_lacks_is_told(labels):
    names = ["a", "b", "c"]
    data = Dataset(DATA.images, labels, class_names=names)
    with pytest.warns(UserWarning, match="^train: the training set lacks classes: a$"):
        train(Network((16, 3)), DataLoader(data), optimizer=SGD(0.1)).close()


def test_sets_that_number_their_classes_otherwise_are_refused():
    """Their accuracy would be wrong, and nothing would tell."""
    words = np.array(["cat", "dog", "owl", "cat"] * 25)
    data = Dataset(DATA.images, words)
    lacking = Dataset(DATA.images[words != "cat"], words[words != "cat"])
    net = Network((16, 3))
    message = (
        "class 'dog' is number 0 in these data, but 1 in what the network learned from; make them"
    )
    with pytest.raises(ValueError, match=f"^train: {message}"):
        train(net, DataLoader(data), optimizer=SGD(0.1), valid=lacking)
    fit(net, DataLoader(data), optimizer=SGD(0.1), epochs=1, valid=data)
    for ask in (net.evaluate, net.confusion, net.class_accuracy):
        for given in (lacking, DataLoader(lacking, 7)):
            with pytest.raises(ValueError, match=f": {message}"):
                ask(given)
    alike = Dataset(lacking.images, words[words != "cat"], class_names=data.class_names)
    net.evaluate(alike)


@pytest.mark.parametrize("collate", [None, stack])
def test_losses_are_told_per_sample_too_whatever_the_reduction(collate):
    """The last mini-batch is short; its loss is as high as the others' all the same."""
    summed, averaged = (network(reduction=r, seed=1) for r in ("sum", "mean"))
    histories = [
        fit(net, loader(shuffle=False, collate=collate), optimizer=SGD(lr), epochs=1)
        for net, lr in ((summed, 0.0), (averaged, 0.0))
    ]
    np.testing.assert_allclose(histories[0].sample_losses, histories[1].losses, rtol=1e-5)
    assert histories[1].sample_losses == histories[1].losses
    assert histories[0].losses[0] == pytest.approx(16 * histories[0].sample_losses[0])
    assert histories[0].classes == 3


def test_samples_that_come_class_after_class_are_told():
    """Every folder of pictures is sorted so."""
    data = sorted_by_class(0, 3)
    net = Network((16, 3))
    with pytest.warns(
        UserWarning, match="^train: the samples come class after class: .*shuffle=True"
    ):
        train(net, DataLoader(data, 8), optimizer=SGD(0.1)).close()
    train(net, DataLoader(data, 8, shuffle=True), optimizer=SGD(0.1)).close()
    train(net, DataLoader(data, 60), optimizer=SGD(0.1)).close()  # all at once


def test_moments_that_nobody_asked_for_say_so_in_a_cell_too():
    moments = train(network(), loader(), optimizer=SGD(0.1))
    assert repr(moments) == (
        "<Moments of a training, nothing learned yet: loop over it, or call fit(...)>"
    )
    next(moments)
    assert repr(moments) == "<Moments of a training, going on>"


def test_a_network_that_another_training_took_over_is_not_trained_on():
    net = network()
    outer = train(net, loader(), optimizer=SGD(0.1), epochs=2)
    next(outer)
    moments(net)
    with pytest.raises(RuntimeError, match=r"^train: the network must not be trained by another"):
        next(outer)
    moments(net)  # whoever gave up the other one goes on
    done = train(net, loader(), optimizer=SGD(0.1), epochs=1)
    list(done)
    moments(net)
    assert next(done, None) is None
