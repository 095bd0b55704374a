"""A setting without pauses, a part of MNIST, and a result of everything."""

import copy

import pytest

from cutaway.bench import epochs, peak, predict
from cutaway.bench.peers import Task
from cutaway.bench.rounds import Setting

NAMES = ["cutaway", "tutorial", "numpy", "torch", "tensorflow", "jax", "sklearn"]
EVERYBODY = [*NAMES, "onnxruntime"]


@pytest.fixture(scope="session")
def setting():
    """Make a setting."""

    def make(*names, repeats=1, threads=2, backend="cpu", quiet=0):
        return Setting(
            contenders=names,
            repeats=repeats,
            threads=threads,
            talk=lambda _: None,
            backend=backend,
            quiet=quiet,
        )

    return make


@pytest.fixture
def small(mnist, monkeypatch):
    """A part of MNIST instead of all; return its training set."""
    train_set, valid_set, test_set = mnist
    parts = train_set.subset(slice(3000)), valid_set.subset(slice(1000)), test_set
    for module in (epochs, peak, predict):
        monkeypatch.setattr(module, "mnist", lambda: parts)
    return parts[0]


@pytest.fixture
def task(small):
    """Make what contenders of a section learn, of the first rows."""

    def make(name, rows=None):
        recipe, data = epochs.EPOCHS[name].recipe, small.subset(slice(rows))
        sizes = (784, *recipe.hidden, 10)
        network = recipe.make_network(784, 10, backend="cpu", threads=1, seed=3)
        start = [network.get_weights(layer) for layer in range(len(sizes) - 1)]
        return Task(recipe=recipe, data=data, inputs=data[:][0], start=start, threads=1)

    return make


def epoch(name, names):
    return {
        "what": epochs.EPOCHS[name].what,
        "rounds": 7,
        "seconds": {n: 0.0531 * 3.14**i for i, n in enumerate(names)},
        "ratios": {n: 3.14**i for i, n in enumerate(names) if i},
        "work": 2.124e9,
        "threads": 2,
        "round_trip_ns": {"0-1": 210.0},
        "accuracy": dict.fromkeys(names, 0.9519),
    }


def product(size, ratio=0.5):
    return {
        "size": size,
        "gflops": {"cutaway": 123.4, "numpy": 246.8, "torch": 80.0, "jax": 50.0},
        "best_peer": "numpy",
        "ratio_to_best_peer": ratio,
    }


def answers(digits, own, theirs):
    return {
        "digits": digits,
        "seconds": {"cutaway": own, "onnxruntime": theirs},
        "ratios": {"onnxruntime": theirs / own},
    }


EVERYTHING = {
    "version": "1.2.3",
    "isa": "avx512",
    "gpu": None,
    "repeats": 7,
    "threads": 2,
    "load": 0.1,
    "contenders": {name: {"version": "2.13.0+cpu", "threads": 2} for name in EVERYBODY},
    "not_installed": [],
    "without_gpu": [],
    "interrupted": False,
    "failed": {},
    "sections": {
        "lesson9": epoch("lesson9", NAMES),
        "lesson5": epoch("lesson5", NAMES),
        "wide": epoch("wide", ["cutaway", "numpy", "torch", "jax"]),
        "predict": {
            "what": "784-64-10 sigmoid, from pixels to classes",
            "rounds": 7,
            "counts": [answers(10_000, 0.012, 0.03), answers(1, 20e-6, 8e-6)],
        },
        "matmul": {
            "what": "products of float32 matrices, GFLOP/s",
            "rounds": 7,
            "sizes": [product([10_000, 784, 64]), product([100_000, 4, 4, 4], 1.25)],
        },
        "peak": {
            "what": "one thread's peak, and beside it lesson 9 on images without zeros",
            "rounds": 7,
            "threads": 2,
            "peak_gflops": 170.0,
            "dense_gflops": 153.0,
            "efficiency": 0.9,
            "speedup": {"dense": 1.61, "mnist": 1.47},
            "seconds": {"dense, 1 thread": 0.1},
        },
        "job": {
            "what": "lesson 9's whole job, a film of 600 frames, against no film",
            "rounds": 3,
            "seconds": {"whole_job": 4.5, "without_film": 1.5},
            "ratio": 3.0,
            "megabytes": 226.4,
        },
        "start": {
            "what": "fresh processes: importing; training, from start to exit",
            "rounds": 7,
            "import": {"seconds": {"cutaway": 0.11, "numpy": 0.1}, "ratio": 1.1},
            "train": {
                "recipe": "fast",
                "seconds": {"cutaway": 0.9, "torch": 4.5},
                "ratios": {"torch": 5.0},
                "accuracy": {"cutaway": 0.981, "torch": 0.979},
            },
        },
    },
}


@pytest.fixture
def result():
    """Return what run() might have measured."""
    return copy.deepcopy(EVERYTHING)


@pytest.fixture
def alone(result):
    """Return cutaway's part of it."""
    sections = result["sections"]
    result["contenders"] = {"cutaway": result["contenders"]["cutaway"]}
    for name in ("lesson9", "lesson5", "wide"):
        sections[name] |= {"seconds": {"cutaway": 0.05}, "ratios": {}}
    for count in sections["predict"]["counts"]:
        count |= {"seconds": {"cutaway": 0.05}, "ratios": {}}
    for size in sections["matmul"]["sizes"]:
        size |= {"gflops": {"cutaway": 123.4}, "best_peer": None, "ratio_to_best_peer": None}
    del sections["peak"]["speedup"]
    sections["start"]["train"] |= {"seconds": {}, "ratios": {}, "accuracy": {}}
    return result


@pytest.fixture
def on_gpu(result):
    """Return what run() might have measured on a GPU."""
    names = ["cutaway", "cpu", "torch", "torch-graph"]
    name = "NVIDIA H100 80GB HBM3 (compute capability 9.0), 85 GB, driver for CUDA 13.0"
    cold = dict.fromkeys(names, 0.4)
    result["sections"] = {"lesson9": {**epoch("lesson9", names), "cold": cold}}
    return {**result, "gpu": name, "without_gpu": ["jax"]}
