"""Optimizers and learning-rate schedules: plain descriptions. The arithmetic is in the cores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..reprs import short_repr


@short_repr
@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, as PyTorch's.

    With g = gradient + weight_decay * w: velocity = momentum * velocity + g; w -= lr * velocity.

    Raises:
        ValueError: if lr or weight_decay is negative or not finite, or momentum is not in [0, 1).
    """

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        checks.real("SGD", "lr", self.lr, "0 or more", low=0)
        checks.real("SGD", "momentum", self.momentum, "in [0, 1)", low=0, high=1, below=True)
        checks.real("SGD", "weight_decay", self.weight_decay, "0 or more", low=0)


@short_repr
@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), as PyTorch's.

    With g = gradient + weight_decay * w and t the number of the update:
    m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
    w -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps).

    Raises:
        ValueError: if lr, eps or weight_decay is negative or not finite, or a beta is not in [0, 1).
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    name: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        checks.real("Adam", "lr", self.lr, "0 or more", low=0)
        if not (isinstance(self.betas, tuple | list) and len(self.betas) == 2):
            raise TypeError(f"Adam: betas must be two numbers, got {checks.shown(self.betas)}")
        for beta in self.betas:
            checks.real("Adam", "betas", beta, "in [0, 1)", low=0, high=1, below=True)
        object.__setattr__(self, "betas", tuple(self.betas))
        checks.real("Adam", "eps", self.eps, "0 or more", low=0)
        checks.real("Adam", "weight_decay", self.weight_decay, "0 or more", low=0)


Optimizer = SGD | Adam


def check(who: str, optimizer: object) -> Optimizer:
    """Return an optimizer, or raise TypeError."""
    if not isinstance(optimizer, SGD | Adam):
        got = checks.shown(optimizer)
        raise TypeError(f"{who}: optimizer must be SGD(...) or Adam(...), got {got}")
    return optimizer


def memory_of(optimizer: Optimizer) -> tuple[str, ...]:
    """Name the arrays that an optimizer remembers for every layer."""
    if isinstance(optimizer, Adam):
        return ("m", "v")
    return ("velocity",) if optimizer.momentum else ()


def same_memory(a: Optimizer | None, b: Optimizer) -> bool:
    """Tell whether b can go on with what a remembers: they differ in the rate at most."""
    if a is b:  # at every step of a loop: to compare takes as long as a small step
        return True
    return a is not None and type(a) is type(b) and replace(a, lr=b.lr) == b


class Schedule(Protocol):
    """What a schedule must offer."""

    def factors(self, steps: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        """Return what the optimizer's lr is multiplied by at `steps` (0 to total - 1)."""


def _check_steps(steps: ArrayLike, total: int) -> NDArray[np.int64]:
    """Return the numbers of steps, of which there are `total`."""
    numbers, total = (
        checks.integers("factors", "steps", steps),
        checks.count("factors", "total", total),
    )
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < total:
        raise ValueError(f"factors: steps must be from 0 to {total - 1}, got {checks.shown(steps)}")
    return numbers


@short_repr
@dataclass(frozen=True)
class Constant:
    """The optimizer's lr at every step."""

    def factors(self, steps: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        """Return ones."""
        return np.ones(len(_check_steps(steps, total)))


@short_repr
@dataclass(frozen=True)
class OneCycle:
    """One cycle (Smith 2018, "Super-convergence"): half a cosine up to the optimizer's lr, another
    down to almost nothing at the last step.

    Args:
        warmup: Which part of all steps goes up.
        start: The first rate, as a part of the peak.
        end: The last rate, as a part of the peak.
    """  # noqa: D205

    warmup: float = 0.3
    start: float = 0.04
    end: float = 4e-7

    def __post_init__(self) -> None:
        for name, rule in (("warmup", "in [0, 1)"), ("start", "in [0, 1]"), ("end", "in [0, 1]")):
            below = name == "warmup"
            number = checks.real(
                "OneCycle", name, getattr(self, name), rule, low=0, high=1, below=below
            )
            object.__setattr__(self, name, number)  # a Fraction becomes a float, as NumPy has none

    def factors(self, steps: NDArray[np.int64], total: int) -> NDArray[np.float64]:
        """Return the factors at `steps`."""
        steps = _check_steps(steps, total)
        peak = self.warmup * max(total - 1, 1)
        up = steps < peak
        begin, finish = np.where(up, self.start, 1.0), np.where(up, 1.0, self.end)
        length = np.where(up, peak, max(total - 1, 1) - peak)
        done = (steps - np.where(up, 0.0, peak)) / length
        factors: NDArray[np.float64] = finish + (begin - finish) * (1 + np.cos(np.pi * done)) / 2
        return factors
