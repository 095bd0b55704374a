"""Every argument of everything public x odd values: a result, or one sentence of ours; nothing else.

A call that works has one argument replaced by each odd value in turn. The functions, their methods and
their arguments are those that the signatures name, so that a new one must get a row in `CALLS`.
"""

import copy
import dataclasses
import inspect
import pickle
import re
import resource
import sys
import types
import warnings
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway.errors import DivergenceError
from cutaway.look.page.page import Page
from cutaway.scale.sweep import Sweep


def odd(name, **methods):
    """An object of a class that has these methods, as other libraries' and users' own have."""
    return type(name, (), methods)()


def failing(kind, words):
    def method(*_arguments, **_keywords):
        raise kind(words)

    return method


def read_only(array):
    array.flags.writeable = False
    return array


THEIRS = "words of the user's own"  # an exception of users' own code may come through

VALUES = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "-1": lambda: -1,
    "1": lambda: 1,
    "2.5": lambda: 2.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "2**40": lambda: 2**40,
    "10**30": lambda: 10**30,
    "10**5000": lambda: 10**5000,  # of which Python makes no text
    "Fraction": lambda: Fraction(1, 3),
    "huge Fraction": lambda: Fraction(10**400, 3),
    "Decimal": lambda: Decimal("nan"),
    "1j": lambda: 1j,
    "empty text": lambda: "",
    "text": lambda: "5",
    "text with NUL": lambda: "é\x00",
    "text that is no UTF-8": lambda: "\udcff\ud800",
    "long text": lambda: "long " * 20_000,
    "lines": lambda: "one\ntwo",
    "bytes": lambda: b"5",
    "[]": lambda: [],
    "[[]]": lambda: [[]],
    "()": lambda: (),
    "{}": lambda: {},
    "{1: 2, 'a': 3}": lambda: {1: 2, "a": 3},
    "set": lambda: {1, 2},
    "ragged": lambda: [1, [2, 3]],
    "[None]": lambda: [None],
    "['a']": lambda: ["a"],
    "[10**400]": lambda: [10**400],
    "[nan, inf]": lambda: [float("nan"), float("inf")],
    "(2**40, 2**40)": lambda: (2**40, 2**40),
    "(1, '2')": lambda: (1, "2"),
    "100,000 lists": lambda: [[1.5]] * 100_000,
    "object": object,
    "class": lambda: list,
    "lambda": lambda: lambda: None,
    "module": lambda: np,
    "generator": lambda: (i for i in range(3)),
    "exhausted iterator": lambda: iter(()),
    "range(3)": lambda: range(3),
    "slice": lambda: slice("a", None),
    "int8": lambda: np.int8(-3),
    "uint64": lambda: np.uint64(2**64 - 1),
    "float16": lambda: np.float16(0.5),
    "float32 nan": lambda: np.float32("nan"),
    "longdouble": lambda: np.longdouble(0.5),
    "complex64": lambda: np.complex64(1j),
    "bool_": lambda: np.True_,
    "str_": lambda: np.str_("a"),
    "datetime64": lambda: np.datetime64("2020-01-01"),
    "0-d": lambda: np.array(1.0),
    "empty": lambda: np.array([]),
    "(0, 4)": lambda: np.zeros((0, 4), np.float32),
    "(0, 784)": lambda: np.zeros((0, 784), np.uint8),
    "1-D": lambda: np.arange(7),
    "one row": lambda: np.arange(4.0),
    "2-D": lambda: np.ones((6, 4)),
    "3-D": lambda: np.ones((2, 3, 4)),
    "5-D": lambda: np.ones((1, 2, 1, 2, 1), np.uint8),
    "texts": lambda: np.array(["a", "b"]),
    "objects": lambda: np.array([1, None, "a"], object),
    "masked": lambda: np.ma.array([1.0, 2.0], mask=[True, False]),
    "structured": lambda: np.zeros(2, [("x", "f4"), ("y", "i4")]),
    "half": lambda: np.full((6, 4), 0.5, np.float16),
    "big-endian": lambda: np.ones((6, 4), ">f8"),
    "backwards": lambda: np.ones((6, 8), np.float32)[::-1, ::2],
    "read-only": lambda: read_only(np.ones((6, 4), np.float32)),
    "1e38": lambda: np.full((6, 4), 1e38, np.float32),
    "1e300": lambda: np.full((6, 4), 1e300),
    "largest": lambda: np.full((6, 4), -np.finfo(np.float64).max),
    "subnormal": lambda: np.full((6, 4), 1e-45, np.float32),
    "NaNs": lambda: np.full((6, 4), np.nan, np.float32),
    "int64": lambda: np.full((6, 4), -(2**63)),
    "complex array": lambda: np.ones((6, 4), complex),
    "dates": lambda: np.zeros((6, 4), "M8[s]"),
    "tensor with gradients": lambda: odd("Tensor", __array__=failing(RuntimeError, THEIRS)),
    "tensor on a GPU": lambda: odd("Tensor", __array__=failing(TypeError, THEIRS + "\nand more")),
    "sparse matrix": lambda: odd("csr_matrix", toarray=lambda _: np.ones((6, 4)), shape=(6, 4)),
    "frame": lambda: odd(
        "DataFrame", __array__=lambda *_, **__: np.array([[1, "a"]], object), __len__=lambda _: 1
    ),
    "__array__ lies": lambda: odd("Liar", __array__=lambda *_, **__: "no array"),
    "__len__ lies": lambda: odd(
        "Liar", __len__=lambda _: 3, __getitem__=failing(IndexError, THEIRS)
    ),
    "__len__ is negative": lambda: odd(
        "Negative", __len__=lambda _: -1, __getitem__=lambda _, i: i, __iter__=lambda _: iter("a")
    ),
    "__len__ raises": lambda: odd(
        "Lengthless", __len__=failing(ZeroDivisionError, THEIRS), __getitem__=lambda _, i: i
    ),
    "__iter__ raises": lambda: odd(
        "Barren", __iter__=failing(ZeroDivisionError, THEIRS), __len__=lambda _: 3
    ),
    "__index__ raises": lambda: odd("Indexless", __index__=failing(ZeroDivisionError, THEIRS)),
    "__index__ lies": lambda: odd("Liar", __index__=lambda _: "one"),
    "__float__ raises": lambda: odd("Floatless", __float__=failing(ZeroDivisionError, THEIRS)),
    "__bool__ raises": lambda: odd("Undecided", __bool__=failing(ZeroDivisionError, THEIRS)),
    "__eq__ raises": lambda: odd(
        "Unequal", __eq__=failing(ZeroDivisionError, THEIRS), __hash__=None
    ),
    "__repr__ raises": lambda: odd("Nameless", __repr__=failing(ZeroDivisionError, THEIRS)),
    "__fspath__ raises": lambda: odd("Pathless", __fspath__=failing(ZeroDivisionError, THEIRS)),
    "no such path": lambda: Path("none", "such"),
    "folder": lambda: Path("folder"),
    "/dev/null": lambda: Path("null"),  # a link: what replaces it by mistake spares the system's
    "empty file": lambda: Path("empty"),
}

PIXELS = np.arange(24, dtype=np.uint8).reshape(6, 4)
LABELS = np.array([0, 1, 2, 0, 1, 2])
ROWS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
SGD = cutaway.SGD(0.01, momentum=0.5)


def objects():
    """One of each public class that has methods; the network has learned from pixels."""
    dataset = cutaway.Dataset(PIXELS, LABELS)
    network = cutaway.Network((4, 3, 3), output="softmax", loss="cross_entropy", backend="cpu")
    network.learn(range(6), 2, dataset=dataset, optimizer=SGD)
    return types.SimpleNamespace(
        Dataset=dataset,
        Network=network,
        SequentialSampler=cutaway.SequentialSampler(6),
        RandomSampler=cutaway.RandomSampler(6),
        DataLoader=cutaway.DataLoader(dataset, 2),
        Constant=cutaway.Constant(),
        OneCycle=cutaway.OneCycle(),
        Film=cutaway.Film("a.mp4"),
        Recorder=recorder_of(network),
        Sweep=swept(),
        Page=Page(html="<p>a page</p>"),
    )


@cache
def swept():
    """A sweep that is over: nothing that is asked of it changes it."""
    dataset = cutaway.Dataset(PIXELS, LABELS)
    configs = [
        dict(epochs=1, hidden=(hidden,), lr=lr, backend="cpu")
        for hidden in (2, 3)
        for lr in (0.1, 1)
    ]
    with cutaway.sweep(configs, (dataset, dataset), jobs=1, keep="history") as sweep:
        list(sweep)
    return sweep


def recorder_of(network):
    """A Recorder that has seen a mini-batch."""
    recorder = cutaway.Recorder(network)
    recorder.see(network, 0.5)
    return recorder


def watched():
    """What watch() needs, as little of it as that: PyTorch may not be there."""
    torch = dict(__module__="torch.nn", register_forward_hook=lambda _, hook: hook)
    layers = {"0.weight": ROWS[:3], "1.weight": ROWS[:3, :3]}
    return types.SimpleNamespace(
        module=odd("Module", state_dict=lambda _: layers, buffers=lambda _: [0], **torch),
        optimizer=odd("Optimizer", register_step_post_hook=lambda _, hook: hook),
        criterion=odd("Module", **torch),
    )


def training(o):
    return dict(
        network=o.Network, loader=o.DataLoader, optimizer=SGD, schedule=None, epochs=1, valid=o.Dataset
    )  # fmt: skip


def moment(o, step):
    network = o.Network
    return cutaway.Moment(
        epoch=step, step=step, losses=[], weights=network.weights, biases=network.biases,
        metrics={}, seconds=0.0,
    )  # fmt: skip


def moments_of(o):
    return list(
        cutaway.train(copy.deepcopy(o.Network), o.DataLoader, optimizer=SGD, epochs=1, every=1)
    )


def bent(o, step):
    """A moment of a way that has a corner."""
    first, second = o.Network.weights
    kept = moment(o, step)
    return dataclasses.replace(kept, weights=(first + step, second + (step == 1)))


def picture(**more):
    return dict(
        shape=(2, 2),
        limit=None,
        style="classic",
        scale=1,
        legend=True,
        layout=None,
        theme="dark",
        **more,
    )


# Calls that work: by the name of a function, a class or a method, all its arguments.
CALLS = {
    "matmul": lambda _: dict(a=ROWS, b=ROWS.T, out=None),
    **{
        f"{name}{ending}": lambda _: dict(x=ROWS)
        for name in ("sigmoid", "relu", "tanh", "softmax")
        for ending in ("", "_derivative")
    },
    "SGD": lambda _: dict(lr=0.1, momentum=0.5, weight_decay=0.1),
    "Adam": lambda _: dict(lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1),
    "OneCycle": lambda _: dict(warmup=0.3, start=0.1, end=0.1),
    "OneCycle.factors": lambda _: dict(steps=np.arange(3), total=3),
    "Constant.factors": lambda _: dict(steps=np.arange(3), total=3),
    "cuda_status": lambda _: dict(device=0),
    "Dataset": lambda _: dict(images=PIXELS, labels=LABELS, mean=1, std=1, class_names=None),
    "Dataset.__getitem__": lambda _: dict(i=0),
    "Dataset.named": lambda _: dict(classes=[0]),
    "Dataset.one_hot": lambda _: dict(classes=3),
    "Dataset.subset": lambda _: dict(numbers=[0, 1]),
    "SequentialSampler": lambda _: dict(n=6),
    "SequentialSampler.order": lambda _: dict(epoch=0),
    "RandomSampler": lambda _: dict(n=6, seed=0),
    "RandomSampler.order": lambda _: dict(epoch=0),
    "DataLoader": lambda o: dict(
        dataset=o.Dataset, batch_size=2, shuffle=False, seed=0, drop_last=False, collate=None,
        sampler=None, shift=0, collate_fn=None,
    ),
    "DataLoader.order": lambda _: dict(epoch=0),
    "load_data": lambda _: dict(
        source={"x": np.tile(PIXELS, (9, 1)), "y": np.tile(LABELS, 9)},
        label=None, size=None, invert=False, seed=0,
    ),
    "load_idx": lambda _: dict(images="images.idx", labels="labels.idx"),
    "load_pickle": lambda _: dict(path="sets.pkl"),
    "Network": lambda _: dict(
        sizes=(4, 3, 2), activation="relu", output="sigmoid", loss="squared_error", reduction="sum",
        seed=0, backend="cpu", threads=1,
    ),
    "Network.from_model": lambda _: dict(
        model={"W1": ROWS.T, "b1": np.ones(6), "W2": np.ones((6, 3))}, activation="relu",
        output="softmax", loss="squared_error", mean=0, std=255, layout="in,out", backend="cpu", threads=1,
    ),
    "Weights.from_model": lambda _: dict(model=[ROWS.T, np.ones((6, 3))], layout="in,out"),
    "Network.activations": lambda _: dict(x=ROWS),
    "Network.forward": lambda _: dict(x=ROWS),
    "Network.predict": lambda _: dict(x=ROWS),
    "Network.predict_proba": lambda _: dict(x=ROWS),
    "Network.top": lambda _: dict(x=ROWS, k=2),
    "Network.outputs": lambda o: dict(data=o.Dataset),
    "Network.confusion": lambda o: dict(data=o.Dataset),
    "Network.class_accuracy": lambda o: dict(data=o.Dataset),
    "Network.evaluate": lambda o: dict(data=o.Dataset),
    "Network.backprop": lambda _: dict(x=ROWS, y=LABELS),
    "Network.step": lambda _: dict(x=ROWS, y=LABELS, optimizer=SGD, rate=None),
    "Network.update": lambda o: dict(
        gradients=o.Network.backprop(ROWS, LABELS)[1], optimizer=SGD, rate=None
    ),
    "Network.learn": lambda o: dict(
        order=[0, 1], batch=1, dataset=o.Dataset, optimizer=SGD, rates=None
    ),
    "Network.get_weights": lambda _: dict(layer=0),
    "Network.set_weights": lambda o: dict(layer=0, values=o.Network.get_weights(0)),
    "Network.load_state_dict": lambda o: dict(state=o.Network.state_dict(), finite=True),
    "Network.load_optimizer_state": lambda o: dict(
        optimizer=SGD, state=o.Network.optimizer_state(), finite=True
    ),
    "mistakes": lambda o: dict(network=o.Network, data=o.Dataset, theme="light"),
    "why": lambda o: dict(network=o.Network, x=ROWS[:1], data=None, theme="light"),
    "train": lambda o: training(o) | dict(every=1, at=[1], comm=None),
    "fit": lambda o: (
        training(o)
        | dict(progress=False, checkpoint="a.safetensors", resume=None, comm=None)
    ),
    "grid": lambda _: picture(
        weights=ROWS.T, columns=2, border=True, names=None, marks=None, numbers=False, order=None
    ),
    "neuron": lambda _: picture(weights=ROWS.T, unit=0),
    "biography": lambda o: dict(
        network=o.Network, data=o.Dataset, neuron=1, moments=[moment(o, 0), moment(o, 1)], theme="dark"
    ),
    "landscape": lambda o: dict(
        network=o.Network, data=o.Dataset, moments=[bent(o, step) for step in range(3)], film=None,
        theme="dark",
    ),
    "page": lambda o: dict(
        run="some.safetensors", path="look.html", data=o.Dataset, moments=moments_of(o)
    ),
    "poster": lambda o: dict(
        moments=[moment(o, 0), moment(o, 1)], neurons=[0, 2], columns=2, paper="a4",
        class_names=None, theme="dark",
    ),
    "race": lambda o: dict(
        trainings={"a": [moment(o, 0)], "b": [moment(o, 0), moment(o, 1)]}, notes={"a": "failed"},
        theme="dark",
    ),
    "Recorder": lambda o: dict(weights=o.Network, shape=(2, 2), room=1000),
    "Recorder.see": lambda o: dict(weights=o.Network, loss=0.5),
    "Recorder.end_epoch": lambda _: dict(
        train_loss=0.5, train_accuracy=0.5, valid_loss=0.5, valid_accuracy=0.5
    ),
    "Recorder.watch": lambda _: vars(watched()),
    "Recorder.film": lambda _: dict(path="a.mp4", fps=25, theme="dark"),
    "loss_curve": lambda _: dict(history=[1.0, 0.5], title="loss", log=False, theme="dark"),
    "Film": lambda _: dict(
        path="a.mp4", fps=25, codec="h264", scale=2, pace="every", hold=0.5, description="a film"
    ),
    "Film.write": lambda _: dict(image=np.zeros((4, 4), np.uint8), caption=None),
    "batch": lambda o: dict(
        network=o.Network, data=o.Dataset, numbers=[0, 1], optimizer=SGD, rate=None, title="one",
        theme="dark",
    ),
    "sweep": lambda o: dict(
        configs=[dict(epochs=1, hidden=(2,), backend="cpu")], data=(o.Dataset, o.Dataset), jobs=1,
        keep="best",
    ),
    "Sweep.csv": lambda _: dict(path="a.csv"),
    "Sweep.json": lambda _: dict(path="a.json"),
    "Sweep.curves": lambda _: dict(theme="dark"),
    "Sweep.heat": lambda _: dict(theme="dark"),
    "Page.write": lambda _: dict(path="a.html"),
    "doubt": lambda o: dict(network=o.Network, data=o.Dataset, seed=0, theme="dark"),
    "first": lambda o: dict(
        network=o.Network, moments=moments_of(o), data=o.Dataset, theme="dark"
    ),
    "save": lambda o: dict(network=o.Network, path="network.safetensors"),
    "load": lambda _: dict(path="some.safetensors", backend="cpu", threads=1),
}  # fmt: skip

if find_spec("sklearn"):
    CALLS["Classifier"] = lambda _: dict(
        hidden_layer_sizes=(3,), activation="tanh", solver="sgd", batch_size=2,
        learning_rate_init=0.01, max_iter=5, shuffle=True, random_state=0, tol=1e9, verbose=False,
        warm_start=False, momentum=0.5, early_stopping=False, validation_fraction=0.5, beta_1=0.9,
        beta_2=0.9, epsilon=1e-8, n_iter_no_change=1, weight_decay=0.1, backend="cpu", threads=1,
    )  # fmt: skip

# Records that cutaway makes and nobody passes in: their classes keep what they are given.
RECORDS = {"CheckpointError", "CudaStatus", "DeviceError", "History", "Moment", "Weights"}
# What public calls return: no names of the package's, but their methods are users' all the same.
RETURNED = {"Page": Page, "Sweep": Sweep}
# Not users': how ranks that share a training agree.
INNER = {"Moments.agreed"}


def written(film):
    with film:
        film.write(np.zeros((4, 4), np.uint8))


# What only comes when it is asked for.
ASKED = {
    "sweep": list,
    "train": list,
    "SGD": lambda optimizer: objects().Network.step(ROWS, LABELS, optimizer),
    "Adam": lambda optimizer: objects().Network.step(ROWS, LABELS, optimizer),
    "OneCycle": lambda schedule: schedule.factors(np.arange(3), 3),
    "Classifier": lambda model: model.fit(ROWS, LABELS),
    "Dataset": lambda dataset: dataset[0],
    "Network": lambda network: network.forward(ROWS),
    "Film": written,
    "DataLoader": lambda loader: [len(loader), *loader],
    "Network.outputs": list,
    "RandomSampler": lambda sampler: sampler.order(),
    "SequentialSampler": lambda sampler: sampler.order(),
}

# Who speaks, beside the function, the class, or the method without its class.
OTHERS = {
    "Dataset.__getitem__": ("Dataset",),
    "Film.write": ("Film",),
    "Network.confusion": ("outputs",),  # it counts what outputs() yields
    "Network.class_accuracy": ("confusion", "outputs"),
    "Classifier": ("Network", "SGD", "Adam", "learn"),  # which it makes and lets learn
    "SGD": ("step",),  # of which a rate must be within the range of float32
    "Adam": ("step",),
    "OneCycle": ("factors",),
    "train": ("step", "evaluate", "order", "DataLoader"),  # which get what a loader yields
    "fit": ("train", "step", "evaluate", "order", "DataLoader"),
    "DataLoader": ("order", "Dataset"),  # which it asks for the numbers and the samples
    "RandomSampler": ("order",),
    "SequentialSampler": ("order",),
    "Recorder.film": ("Film",),
    "batch": ("learn", "subset"),  # it learns from a subset
    "Network.from_model": ("Network",),  # which it makes
    "neuron": ("grid",),  # of one tile
    "page": ("load",),  # of the model
    "landscape": ("Film",),  # which it makes, if wanted
}

# What is neither a fault nor to be had in a test, and why.
EXCUSED = {
    ("fit(epochs)", "2**40"): "legal, but nobody can wait for it",
    ("train(epochs)", "2**40"): "likewise",
    (
        "DataLoader(collate)",
        "lambda",
    ): "a function of the user's that fails does so in its own words",
    ("DataLoader(collate_fn)", "lambda"): "likewise",
}
# What is asked for when something has been learned already.
LATE = {"fit": ("loader", "valid"), "train": ("loader", "valid")}

PYTHONS_OR_OTHERS = re.compile(
    "object is not|' object|unsupported operand|not callable|has no attribute|positional arg|"
    "takes [a-z0-9]+ arg|could not convert|cannot convert|can't convert|only integer scalar|ufunc|"
    "invalid literal|broadcast|truth value|unhashable|not iterable|not subscriptable|expected str|"
    "embedded null|codec can't|__len__|__index__|__float__|out of bounds for|Unable to allocate|"
    "not supported between|too many values|not enough values|setting an array element|inhomogeneous|"
    "Exceeds the limit|encountered in"
)


def function_of(name, o):
    owner, _, method = name.rpartition(".")
    if not owner:
        return getattr(cutaway, name)
    return getattr(getattr(o, owner, None) or getattr(cutaway, owner), method)


def arguments_of(function):
    keywords = inspect.Parameter.VAR_KEYWORD
    signature = inspect.signature(function).parameters
    return [name for name, p in signature.items() if p.kind != keywords and name != "self"]


def methods_of(kind):
    own = [name for name in dir(kind) if not name.startswith("_") or name == "__getitem__"]
    kinds = classmethod if kind.__name__ in RECORDS else (classmethod, types.FunctionType)
    return [name for name in own if isinstance(inspect.getattr_static(kind, name), kinds)]


def everything_public():
    """The names of all functions, classes and methods that take arguments."""
    for name in [*cutaway.__all__, *(["Classifier"] if "Classifier" in CALLS else [])]:
        value = getattr(cutaway, name)
        if not callable(value):
            continue
        if name not in RECORDS and arguments_of(value):
            yield name, value
        if isinstance(value, type) and name != "Classifier":  # X and y are scikit-learn's to check
            yield from methods_with_arguments(name, value)
    for name, kind in RETURNED.items():
        yield from methods_with_arguments(name, kind)


def methods_with_arguments(name, kind):
    methods = ((f"{name}.{method}", getattr(kind, method)) for method in methods_of(kind))
    yield from ((full, method) for full, method in methods if arguments_of(method))


PUBLIC = dict(everything_public())
HOLES = [(name, argument) for name in CALLS for argument in arguments_of(PUBLIC[name])]


@pytest.fixture
def o(tmp_path, monkeypatch):
    """The objects, in a folder with files to read, a folder, an empty file, and a way to /dev/null."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("empty").touch()
    Path("null").symlink_to("/dev/null")
    Path("images.idx").write_bytes(b"\0\0\x08\2\0\0\0\6\0\0\0\4" + PIXELS.tobytes())
    Path("labels.idx").write_bytes(b"\0\0\x08\1\0\0\0\6" + LABELS.astype(np.uint8).tobytes())
    Path("sets.pkl").write_bytes(pickle.dumps([(PIXELS, LABELS)] * 3))
    result = objects()
    cutaway.save(result.Network, "some.safetensors")
    yield result
    result.Film.discard()  # ends its thread


def fault_of(error, whos):
    """What is wrong with an exception, or None."""
    text = str(error)
    if text.startswith(THEIRS) or (isinstance(error, OSError) and error.errno is not None):
        return None
    kinds = (ValueError, TypeError, IndexError, RuntimeError, MemoryError, ModuleNotFoundError)
    known = isinstance(
        error,
        OSError | UserWarning | cutaway.DeviceError | cutaway.CheckpointError | DivergenceError,
    )
    if type(error) not in kinds and not known:
        return "its type"
    if not text.startswith(tuple(f"{who}: " for who in whos)):
        return "who"
    if len(text.splitlines()) != 1 or len(text) > 400 or not text.isprintable():
        return "not one short line"
    return "not our words" if PYTHONS_OR_OTHERS.search(text) else None


def memory():
    """The most bytes that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if "darwin" in sys.platform else 1024
    )


def outcome(name, o, arguments):
    """Call, ask for all that comes, and return the exception and the warnings, if any."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            ASKED.get(name, type)(function_of(name, o)(**arguments))
        except Exception as error:
            return error, [each.message for each in caught]
    return None, [each.message for each in caught]


@pytest.mark.parametrize(("name", "argument"), HOLES, ids=[f"{n}({a})" for n, a in HOLES])
def test_an_odd_value_is_taken_or_refused_in_a_sentence(o, name, argument):
    peak, faults = memory(), []
    valid = CALLS[name](o)
    assert outcome(name, o, valid) == (None, [])
    whos = (name.rpartition(".")[2], *OTHERS.get(name, ()))
    for title, make in VALUES.items():
        if (f"{name}({argument})", title) in EXCUSED:
            continue
        before = o.Network.fingerprint()
        error, told = outcome(name, o, valid | {argument: make()})
        for each in [*told, *([] if error is None else [error])]:
            if fault := fault_of(each, whos):
                faults.append(f"{title}: {fault}: {type(each).__name__}: {str(each)[:300]}")
        changed = o.Network.fingerprint() != before
        if error is not None and changed and argument not in LATE.get(name, ()):
            faults.append(f"{title}: the network has changed all the same")
    assert not faults, "\n" + "\n".join(faults)
    assert memory() - peak < 1 << 30


def test_everything_public_that_takes_arguments_has_a_call_with_all_of_them():
    assert PUBLIC.keys() == CALLS.keys()
    for name, call in CALLS.items():
        assert {*call(objects())} == {*arguments_of(PUBLIC[name])}, name


def test_what_a_call_returns_has_its_methods_in_the_table_too(o):
    found = set()
    for name, call in CALLS.items():
        result = function_of(name, o)(**call(o))
        ASKED.get(name, type)(result)  # else a training warns that nobody asked
        kind = type(result)
        if name == "Classifier" or not kind.__module__.startswith("cutaway."):
            continue
        own = dict(methods_with_arguments(kind.__name__, kind))
        found |= {full for full, method in own.items() if method.__module__.startswith("cutaway.")}
    assert {"Sweep.csv", "Page.write"} <= found
    assert found - PUBLIC.keys() == INNER


def test_there_are_thousands_of_pairs():
    assert len(HOLES) * len(VALUES) >= 10_000
