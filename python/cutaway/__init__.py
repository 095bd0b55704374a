"""cutaway: train small neural networks very fast, and look inside while they learn.

Importing it loads NumPy and the compiled core; what a name needs beyond that is loaded when the name
is first used.
"""

from typing import TYPE_CHECKING, Any

from .backend.choose import cuda_status
from .backend.cuda import CudaStatus
from .backend.optimizer import SGD, Adam, Constant, OneCycle
from .errors import DeviceError
from .learn.network import Network
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .ask.batch import batch
    from .ask.biography import biography
    from .ask.doubt import doubt
    from .ask.first import first
    from .ask.landscape import landscape
    from .ask.mistakes import mistakes
    from .ask.poster import poster
    from .ask.race import race
    from .ask.why import why
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
    from .data.dataset import Dataset
    from .data.loader import DataLoader, RandomSampler, SequentialSampler
    from .data.read import load_data, load_idx, load_pickle, mnist
    from .foreign.weights import Weights
    from .learn.checkpoint import load, save
    from .learn.history import History, Moment
    from .learn.training import fit, train
    from .look.curves import loss_curve
    from .look.film import Film
    from .look.picture import grid, neuron

__all__ = [
    "SGD",
    "Adam",
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
    "poster",
    "race",
    "relu",
    "relu_derivative",
    "save",
    "sigmoid",
    "sigmoid_derivative",
    "softmax",
    "softmax_derivative",
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
        "ask.poster": "poster",
        "ask.race": "race",
        "ask.why": "why",
        "foreign.weights": "Weights",
        "learn.checkpoint": "load save",
        "data.dataset": "Dataset",
        "data.read": "load_data load_idx load_pickle mnist",
        "look.film": "Film",
        "backend.functions": "matmul relu relu_derivative sigmoid sigmoid_derivative "
        "softmax softmax_derivative tanh tanh_derivative",
        "data.loader": "DataLoader RandomSampler SequentialSampler",
        "look.curves": "loss_curve",
        "look.picture": "grid neuron",
        "learn.history": "History Moment",
        "learn.training": "fit train",
    }.items()
    for name in names.split()
}


if not TYPE_CHECKING:  # which knows the names, and should miss those that are not there

    def __getattr__(name: str) -> Any:
        """Load the module that has a public name at the first use of the name (PEP 562)."""
        from importlib import import_module

        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
