"""Recipes: what to train and how, by the name that people know it by."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend.optimizer import SGD, Adam, Constant, OneCycle, Optimizer, Schedule
from ..learn.network import Network


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
    start: str = "normal"  # the first layer's start weights: "normal" or "waves"
    draws: bool = True  # a film and pictures

    def make_network(
        self,
        features: int,
        classes: int,
        *,
        shape: tuple[int, int] | None = None,
        seed: int = 0,
        backend: str = "auto",
        threads: int | None = None,
    ) -> Network:
        """Return the network, untrained.

        Args:
            features: Of an image.
            classes: Of the labels.
            shape: (height, width) of an image, which waves need.
            seed: Of the start weights.
            backend: As for Network.
            threads: As for Network.

        Raises:
            ValueError: if waves are asked for, but images have no shape.
        """
        network = Network(
            (features, *self.hidden, classes),
            activation=self.activation,
            output=self.output,
            loss=self.loss,
            reduction=self.reduction,
            seed=seed,
            backend=backend,
            threads=threads,
        )
        if self.start == "waves":
            from ..learn.initial import waves

            if shape is None:
                raise ValueError(
                    "train: start weights of waves need pictures, got rows without a shape"
                )
            weights = network.get_weights(0)
            weights[1:] = waves(shape, weights.shape[1], seed)
            network.set_weights(0, weights)
        return network

    def make_optimizer(self) -> Optimizer:
        """Return the optimizer by its name."""
        if self.optimizer == "adam":
            return Adam(self.lr, betas=(0.9, 0.99))  # fast.ai's choice of betas
        return SGD(self.lr)

    def make_schedule(self) -> Schedule:
        """Return the schedule by its name."""
        return OneCycle(self.warmup) if self.schedule == "one-cycle" else Constant()


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
}
