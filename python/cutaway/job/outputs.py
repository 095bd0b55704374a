"""Outputs: a trained network and its history go in; film, pictures, model and history.json come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..files import MARK, is_ours, may_write, write_figure, write_json, write_png
from ..learn import checkpoint
from ..learn.network import Network
from ..learn.training import History
from ..look.curves import loss_curve
from ..look.film import Film
from ..look.picture import grid, neuron
from ..look.tiles import tiles
from .recipes import Recipe

# This many times the start weights' spread is the strongest colour of a film, whose scale must be
# fixed before its last frame is known.
_FILM_LIMIT = 7
_HIDDEN_WIDTH, _NEURON_WIDTH = 700, 448  # pixels of the pictures, about

FILM = "learn.mp4"
_FILES = (FILM, "model.safetensors", "history.json", "hidden.png", "neuron.png", "loss.png")


def film_limit(network: Network) -> float:
    """Return the weight with a film's strongest colour, for a network that is about to learn."""
    return _FILM_LIMIT * float(network.weights[0].std())


class Outputs:
    """The files of one run, in a folder.

    Args:
        folder: Made if it is not there.
        film: There will be a film.
        pictures: There will be pictures.
        force: Replace files that cutaway did not write.

    Attributes:
        files: What was written so far.
        removed: What an earlier run had left and this one did not make.

    Raises:
        OSError: if a file cannot be written, as far as that can be known before.
    """

    def __init__(self, folder: Path, *, film: bool, pictures: bool, force: bool = False) -> None:
        self.folder = folder
        self.pictures = pictures
        self.files: list[Path] = []
        self.removed: list[Path] = []
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            if (film or name != FILM) and (pictures or not name.endswith(".png")):
                may_write(folder / name, force)

    def close_film(self, film: Film) -> None:
        """Finish the film; one without frames leaves no file."""
        film.close()
        if film.frames:
            self.files.append(self.folder / FILM)

    def write_model(
        self,
        network: Network,
        history: History,
        *,
        recipe: Recipe,
        seed: int,
        test_accuracy: float | None,
    ) -> None:
        """Write what cannot be made again: the model, and how it learned."""
        self._write("model.safetensors", lambda path: checkpoint.save(network, path))
        about = {
            "cutaway": MARK,
            "lesson": asdict(recipe),
            "sizes": network.architecture.sizes,
            "seed": seed,
            "fingerprint": network.fingerprint(),
            "test_accuracy": test_accuracy,
            "epochs": history.epochs,
            "losses": history.losses,
        }
        self._write("history.json", lambda path: write_json(about, path))

    def write_pictures(
        self, network: Network, history: History, *, shape: tuple[int, int] | None, seed: int
    ) -> None:
        """Draw the first layer, its strongest unit, and the losses."""
        weights = network.weights[0]
        strongest = int(np.square(weights).sum(axis=0).argmax())
        notes = {
            "Software": MARK,
            "Description": f"{network!r}, seed {seed}, {len(history.losses)} mini-batches",
        }
        native = tiles(weights, shape=shape).shape[1]
        scale = max(1, round(_HIDDEN_WIDTH / native))
        hidden = grid(weights, shape=shape, scale=scale, legend=True)
        native = tiles(weights[:, :1], shape=shape, border=False).shape[1]
        scale = max(1, round(_NEURON_WIDTH / native))
        unit = neuron(weights, strongest, shape=shape, scale=scale, legend=True)
        self._write("hidden.png", lambda path: write_png(hidden, path, notes))
        self._write("neuron.png", lambda path: write_png(unit, path, notes))
        if history.losses:  # none if interrupted before the first mini-batch
            curve = loss_curve(history)
            self._write("loss.png", lambda path: write_figure(curve, path, notes))

    def remove_leftovers(self) -> None:
        """Remove what an earlier run left and this one did not make: it would mislead."""
        for name in _FILES:
            path = self.folder / name
            if path not in self.files and path.is_file() and is_ours(path):
                path.unlink()
                self.removed.append(path)

    def _write(self, name: str, how: Callable[[Path], Any]) -> None:
        how(self.folder / name)
        self.files.append(self.folder / name)
