"""What a run leaves behind: its result, and a film, a model, a history and pictures in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.choose import isa
from ..data.dataset import Dataset
from ..files import MARK, is_ours, may_write, write_figure, write_json, write_png
from ..learn import checkpoint
from ..learn.history import History, Moment
from ..learn.network import Network
from ..look.curves import loss_curve
from ..look.picture import LAYER_WIDTH, UNIT_WIDTH, grid, neuron, scale_for
from ..look.tiles import tiles
from ..measure.mistakes import class_accuracy, confusion
from ..measure.neurons import conditions
from ..measure.verdict import verdict
from ..version import __version__
from .recipes import Recipe

FILM, _MODEL, _HISTORY = "learn.mp4", "model.safetensors", "history.json"
_HIDDEN, _NEURON, _LOSS = "hidden.png", "neuron.png", "loss.png"
_FILES = (FILM, _MODEL, _HISTORY, _HIDDEN, _NEURON, _LOSS)

# This many times the start weights' spread is the strongest colour of a film, whose scale must be
# fixed before its last frame is known.
_FILM_LIMIT = 7


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
    files: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)  # of an earlier run
    interrupted: bool = False
    gpu: str | None = None  # its name, if it was trained on one

    def summary(self) -> dict[str, Any]:
        """Return the result as plain numbers and strings."""
        return {
            "epochs": self.history.epochs,
            "test_accuracy": self.test_accuracy,
            "class_accuracy": self.class_accuracy,
            "verdict": self.verdict,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "frames": self.frames,
            "files": [str(path) for path in self.files],
            "fingerprint": self.network.fingerprint(),
            "backend": self.network.backend,
            "threads": self.network.threads,
            "isa": isa() if self.network.backend == "cpu" else None,
            "gpu": self.gpu,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "version": __version__,
        }


def prepare_folder(out: Path, *, film: bool, pictures: bool, force: bool) -> None:
    """Make the folder if it is not there, and check that what a run writes may be written.

    Raises:
        OSError: if a file may not.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (film or name != FILM) and (pictures or not name.endswith(".png")):
            may_write(out / name, force)


def frames_of(
    network: Network, shape: tuple[int, int] | None
) -> Callable[[Moment], NDArray[np.uint8]]:
    """Return what draws a Moment's hidden layer as a frame of a film.

    Args:
        network: Before its training: its weights decide how strong a colour is.
        shape: Height and width of an image; None for a strip.
    """
    limit = _FILM_LIMIT * float(network.weights[0].std())
    return lambda moment: tiles(moment.weights[0], shape=shape, limit=limit, layout="in,out")


def _write(result: Result, path: Path, how: Callable[[Path], None]) -> None:
    how(path)
    result.files.append(path)


def write_model(result: Result, out: Path, recipe: Recipe) -> None:
    """Write model and history, which cannot be made again."""
    network, history = result.network, result.history
    _write(result, out / _MODEL, lambda path: checkpoint.save(network, path))
    about = {
        "cutaway": MARK,
        "lesson": asdict(recipe),  # its name in version 0.1.0, which others may read
        "sizes": network.architecture.sizes,
        "seed": result.seed,
        "fingerprint": network.fingerprint(),
        "test_accuracy": result.test_accuracy,
        "class_names": network.class_names,
        "class_accuracy": result.class_accuracy,
        "verdict": result.verdict,
        "epochs": history.epochs,
        "losses": history.losses,
        "sample_losses": history.sample_losses,
    }
    _write(result, out / _HISTORY, lambda path: write_json(about, path))


def write_pictures(result: Result, out: Path, shape: tuple[int, int] | None) -> None:
    """Draw the hidden layer, its strongest neuron, and the losses."""
    network, history = result.network, result.history
    weights = network.weights[0]
    strongest = int(np.square(weights).sum(axis=0).argmax())
    notes = {
        "Software": MARK,
        "Description": f"{network!r}, seed {result.seed}, {len(history.losses)} mini-batches",
    }
    scale = scale_for(LAYER_WIDTH, tiles(weights, shape=shape, layout="in,out"))
    names = _names(network) if network.architecture.layers == 1 else None
    hidden = grid(
        weights, shape=shape, scale=scale, legend=True, layout="in,out", names=names,
        marks=result.conditions[0] if result.conditions else None,
    )  # fmt: skip
    scale = scale_for(UNIT_WIDTH, tiles(weights[:, :1], shape=shape, border=False))
    strongest_neuron = neuron(
        weights, strongest, shape=shape, scale=scale, layout="in,out",
        legend=_caption(network, strongest),
    )  # fmt: skip
    _write(result, out / _HIDDEN, lambda path: write_png(hidden, path, notes))
    _write(result, out / _NEURON, lambda path: write_png(strongest_neuron, path, notes))
    if history.losses:  # none if interrupted before the first mini-batch
        curve = loss_curve(history)
        _write(result, out / _LOSS, lambda path: write_figure(curve, path, notes))


def _names(network: Network) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers."""
    return network.class_names or tuple(map(str, range(network.architecture.sizes[-1])))


def _caption(network: Network, unit: int) -> str:
    """Tell which class a unit of the first layer speaks for, and against, if the next one decides."""
    names = _names(network)
    if network.architecture.layers == 1:
        return f"class {names[unit]}"
    if network.architecture.layers > 2:
        return f"neuron {unit}"
    votes = network.weights[1][unit]
    return f"neuron {unit}, most for {names[votes.argmax()]}, against {names[votes.argmin()]}"


def rate(result: Result, test: Dataset, lr: float) -> None:
    """Note how much of a test set the network recognises, in all and of each class, and how it went."""
    counts = confusion(result.network, test)
    result.test_accuracy = int(counts.trace()) / int(counts.sum())
    rates = class_accuracy(counts).tolist()
    names = _names(result.network)
    result.class_accuracy = {
        name: None if np.isnan(value) else value for name, value in zip(names, rates, strict=False)
    }
    result.conditions = conditions(result.network, test)
    result.verdict = verdict(counts, result.history.epochs, result.conditions, lr)


def remove_older(result: Result, out: Path) -> None:
    """Remove what an earlier run left and this one did not make: it would mislead."""
    for name in _FILES:
        path = out / name
        if path not in result.files and path.is_file() and is_ours(path):
            path.unlink()
            result.removed.append(path)
