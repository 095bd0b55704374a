"""Recipes: what a run trains, and how; the tutorials' two lessons, and a fast one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..backend.optimizer import SGD, Adam, Constant, OneCycle, Optimizer, Schedule
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from .initial import waves
from .network import Network
from .training import Moments, train


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to train, and how."""

    hidden: tuple[int, ...]
    activation: str
    output: str
    loss: str
    reduction: str
    optimizer: str
    lr: float
    schedule: str
    epochs: int
    batch_size: int
    warmup: float = 0.3  # of a one-cycle schedule: which part of it goes up
    shift: int = 0  # pixels by which each picture is moved at random, at most, at every pass
    start: str = "normal"  # the first layer's start weights: "normal" or "waves"
    draws: bool = True  # a film and pictures

    def steps(self, samples: int) -> int:
        """Return the mini-batches of all epochs, of so many samples."""
        return self.epochs * -(-samples // self.batch_size)

    def make_network(
        self,
        features: int,
        classes: int,
        *,
        seed: int = 0,
        backend: str = "auto",
        threads: int | None = None,
    ) -> Network:
        """Return the network, untrained."""
        return Network(
            (features, *self.hidden, classes),
            activation=self.activation,
            output=self.output,
            loss=self.loss,
            reduction=self.reduction,
            seed=seed,
            backend=backend,
            threads=threads,
        )

    def make_optimizer(self) -> Optimizer:
        """Return the optimizer by its name."""
        if self.optimizer == "adam":
            return Adam(self.lr, betas=(0.9, 0.99))  # fast.ai's choice of betas
        return SGD(self.lr)

    def make_schedule(self) -> Schedule:
        """Return the schedule by its name."""
        return OneCycle(self.warmup) if self.schedule == "one-cycle" else Constant()

    def loader(self, data: Dataset, seed: int) -> DataLoader:
        """Return what a network of the recipe learns from, in an order that the seed determines."""
        return DataLoader(data, self.batch_size, shuffle=True, seed=seed, shift=self.shift)

    def train(
        self,
        network: Network,
        data: Dataset,
        *,
        valid: Dataset | None = None,
        seed: int = 0,
        every: int | None = None,
        at: list[int] | None = None,
        comm: Any = None,
    ) -> Moments:
        """Train a network of the recipe; arguments and Moments are those of `learn.training.train`."""
        return train(
            network,
            self.loader(data, seed),
            optimizer=self.make_optimizer(),
            schedule=self.make_schedule(),
            epochs=self.epochs,
            valid=valid,
            every=every,
            at=at,
            comm=comm,
        )


def make_network(
    recipe: Recipe, data: Sequence[Dataset], seed: int, backend: str, threads: int | None
) -> Network:
    """Return the network with its start weights, big enough for the classes of all sets."""
    features, shape = data[0].images.shape[1], data[0].shape
    classes = max(part.classes for part in data)
    network = recipe.make_network(features, classes, seed=seed, backend=backend, threads=threads)
    if recipe.start == "waves":
        if shape is None:
            raise ValueError(
                "train: start weights of waves need pictures, got rows without a shape"
            )
        weights = network.get_weights(0)
        weights[1:] = waves(shape, weights.shape[1], seed)
        network.set_weights(0, weights)
    return network


RECIPES = {
    # Lesson 9, as printed: summed squared error, plain SGD.
    "lesson9": Recipe(
        hidden=(64,),
        activation="sigmoid",
        output="sigmoid",
        loss="squared_error",
        reduction="sum",
        optimizer="sgd",
        lr=5e-3,
        schedule="constant",
        epochs=5,
        batch_size=64,
    ),
    # Lesson 5, with one Adam for all steps and one cycle of its rate.
    "lesson5": Recipe(
        hidden=(50,),
        activation="relu",
        output="softmax",
        loss="cross_entropy",
        reduction="mean",
        optimizer="adam",
        lr=7e-3,
        schedule="one-cycle",
        epochs=1,
        batch_size=64,
    ),
    # As soon as possible to 98 % on MNIST's test set: one epoch from waves, and nothing drawn.
    "fast": Recipe(
        hidden=(320,),
        activation="relu",
        output="softmax",
        loss="cross_entropy",
        reduction="mean",
        optimizer="sgd",
        lr=0.4,
        schedule="one-cycle",
        epochs=1,
        batch_size=64,
        warmup=0.1,
        start="waves",
        draws=False,
    ),
    # 99 % on MNIST's test set: more waves, and every digit at another place at every pass.
    "best": Recipe(
        hidden=(512,),
        activation="relu",
        output="softmax",
        loss="cross_entropy",
        reduction="mean",
        optimizer="sgd",
        lr=0.25,
        schedule="one-cycle",
        epochs=8,
        batch_size=64,
        warmup=0.1,
        shift=1,
        start="waves",
        draws=False,
    ),
}
