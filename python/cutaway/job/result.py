"""Result: what came of a run, in numbers and words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..backend.choose import isa
from ..data.dataset import Dataset
from ..learn.history import History
from ..learn.network import Network
from ..measure.mistakes import class_accuracy, confusion
from ..measure.neurons import conditions
from ..measure.verdict import verdict
from ..version import __version__


@dataclass(kw_only=True)
class Result:
    """What a run leaves behind; `summary()` is what `--json` prints."""

    network: Network
    history: History
    seed: int
    seconds: dict[str, float] = field(default_factory=dict)
    test_accuracy: float | None = None
    class_accuracy: dict[str, float | None] = field(default_factory=dict)  # by name or number
    conditions: list[list[str]] = field(
        default_factory=list
    )  # of hidden units: "dead", "saturated"
    verdict: str | None = None
    frames: int = 0
    kept: int = 0  # moments
    film: Path | None = None
    files: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)  # of an earlier run
    interrupted: bool = False
    changed: bool = False  # it went on with other settings: another training cannot repeat it
    gpu: str | None = None  # its name, if it was trained on one
    ranks: list[dict[str, Any]] = field(
        default_factory=list
    )  # if several machines may have shared it

    def summary(self) -> dict[str, Any]:
        """Return the result as plain numbers and strings."""
        return {
            "epochs": self.history.epochs,
            "test_accuracy": self.test_accuracy,
            "class_accuracy": self.class_accuracy,
            "verdict": self.verdict,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "frames": self.frames,
            "moments": self.kept,
            "files": [str(path) for path in self.files],
            "fingerprint": self.network.fingerprint(),
            "backend": self.network.backend,
            "threads": self.network.threads,
            "isa": isa() if self.network.backend == "cpu" else None,
            "gpu": self.gpu,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "version": __version__,
            **({"ranks": self.ranks} if self.ranks else {}),
        }

    def rate(self, test: Dataset, lr: float) -> None:
        """Note how much of a test set is recognised, in all and of each class, and how it went."""
        counts = confusion(self.network, test)
        self.test_accuracy = int(counts.trace()) / int(counts.sum())
        rates = class_accuracy(counts).tolist()
        names = names_of_classes(self.network)
        self.class_accuracy = {
            name: None if np.isnan(value) else value
            for name, value in zip(names, rates, strict=False)
        }
        self.conditions = conditions(self.network, test)
        self.verdict = verdict(counts, self.history.epochs, self.conditions, lr)


def names_of_classes(network: Network) -> tuple[str, ...]:
    """Return the names of the classes; of outputs beyond them, or without names, the numbers."""
    names = network.class_names or ()
    return (*names, *map(str, range(len(names), network.architecture.sizes[-1])))
