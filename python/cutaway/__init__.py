"""cutaway: train small neural networks very fast, and look inside while they learn.

Importing it loads nothing: what a name needs is loaded when the name is first used. So the command line
can answer Ctrl-C before NumPy and the compiled core are there.
"""

TYPE_CHECKING = False  # as type checkers know it; typing takes milliseconds to import
if TYPE_CHECKING:
    from typing import Any

    from .ask.batch import batch
    from .ask.biography import biography
    from .ask.doubt import doubt
    from .ask.first import first
    from .ask.landscape import landscape
    from .ask.mistakes import mistakes
    from .ask.page import page
    from .ask.poster import poster
    from .ask.race import race
    from .ask.why import why
    from .backend.choose import cuda_status
    from .backend.cuda import CudaStatus
    from .backend.functions import (
        matmul,
        relu,
        relu_derivative,
        sigmoid,
        sigmoid_derivative,
        softmax,
        softmax_derivative,
        tanh,
        tanh_derivative,
    )
    from .backend.optimizer import SGD, Adam, Constant, OneCycle
    from .data.dataset import Dataset
    from .data.loader import DataLoader
    from .data.read import load_data, load_idx, load_pickle, mnist
    from .data.samplers import RandomSampler, SequentialSampler
    from .errors import CheckpointError, DeviceError
    from .foreign.weights import Weights
    from .interop.estimator import Classifier as Classifier
    from .interop.recorder import Recorder
    from .learn.checkpoint import load, save
    from .learn.history import History, Moment
    from .learn.network import Network
    from .learn.training import fit, train
    from .look.curves import loss_curve
    from .look.film import Film
    from .look.picture import grid, neuron
    from .scale.sweep import sweep
    from .version import __version__ as __version__

__all__ = [
    "SGD",
    "Adam",
    "CheckpointError",
    "Constant",
    "CudaStatus",
    "DataLoader",
    "Dataset",
    "DeviceError",
    "Film",
    "History",
    "Moment",
    "Network",
    "OneCycle",
    "RandomSampler",
    "Recorder",
    "SequentialSampler",
    "Weights",
    "batch",
    "biography",
    "cuda_status",
    "doubt",
    "first",
    "fit",
    "grid",
    "landscape",
    "load",
    "load_data",
    "load_idx",
    "load_pickle",
    "loss_curve",
    "matmul",
    "mistakes",
    "mnist",
    "neuron",
    "page",
    "poster",
    "race",
    "relu",
    "relu_derivative",
    "save",
    "sigmoid",
    "sigmoid_derivative",
    "softmax",
    "softmax_derivative",
    "sweep",
    "tanh",
    "tanh_derivative",
    "train",
    "why",
]

_MODULE_OF = {
    name: module
    for module, names in {
        "ask.batch": "batch",
        "ask.biography": "biography",
        "ask.doubt": "doubt",
        "ask.first": "first",
        "ask.landscape": "landscape",
        "ask.mistakes": "mistakes",
        "ask.page": "page",
        "ask.poster": "poster",
        "ask.race": "race",
        "ask.why": "why",
        "backend.choose": "cuda_status",
        "backend.cuda": "CudaStatus",
        "backend.optimizer": "SGD Adam Constant OneCycle",
        "errors": "CheckpointError DeviceError",
        "foreign.weights": "Weights",
        "learn.checkpoint": "load save",
        "learn.network": "Network",
        "data.dataset": "Dataset",
        "data.read": "load_data load_idx load_pickle mnist",
        "interop.estimator": "Classifier",
        "interop.recorder": "Recorder",
        "look.film": "Film",
        "backend.functions": "matmul relu relu_derivative sigmoid sigmoid_derivative "
        "softmax softmax_derivative tanh tanh_derivative",
        "data.loader": "DataLoader",
        "data.samplers": "RandomSampler SequentialSampler",
        "look.curves": "loss_curve",
        "look.picture": "grid neuron",
        "scale.sweep": "sweep",
        "learn.history": "History Moment",
        "learn.training": "fit train",
        "version": "__version__",
    }.items()
    for name in names.split()
}


if not TYPE_CHECKING:  # which knows the names, and should miss those that are not there

    def __getattr__(name: str) -> "Any":
        """Load the module that has a public name at the first use of the name (PEP 562)."""
        from importlib import import_module

        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        return value

    def __dir__() -> list[str]:
        from importlib.util import find_spec

        # Not among __all__, of which every name is there: this one needs scikit-learn.
        return sorted({*globals(), *__all__, *(("Classifier",) if find_spec("sklearn") else ())})
