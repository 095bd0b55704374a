"""cutaway: train small neural networks very fast, and look inside while they learn."""

from .checkpoint import load, save
from .data import Dataset, load_idx, load_pickle, mnist
from .film import Film
from .functions import (
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
from .loader import DataLoader, RandomSampler, SequentialSampler
from .network import Network, compiled
from .optimizer import SGD, Adam, Constant, OneCycle
from .picture import grid, loss_curve, neuron
from .training import History, Moment, fit, train

__version__ = compiled.__version__

__all__ = [
    "SGD",
    "Adam",
    "Constant",
    "DataLoader",
    "Dataset",
    "Film",
    "History",
    "Moment",
    "Network",
    "OneCycle",
    "RandomSampler",
    "SequentialSampler",
    "fit",
    "grid",
    "load",
    "load_idx",
    "load_pickle",
    "loss_curve",
    "matmul",
    "mnist",
    "neuron",
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
]
