"""What a run leaves: model, history, moments, pictures, film; made in one folder, for another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..files import MARK, is_ours, may_write, read_json, write_figure, write_json, write_png
from ..learn import checkpoint
from ..learn.network import Network
from ..look.curves import loss_curve
from ..look.picture import grid, neuron
from .filming import Camera, FilmPlan, Scene, shoot
from .kept import Kept
from .page import moments_of, page_of
from .result import Result, names_of_classes
from .workplace import CHECKPOINT, Workplace

MODEL, HISTORY, MOMENTS = "model.safetensors", "history.json", "moments.safetensors"
_HIDDEN, _NEURON, _LOSS = "hidden.png", "neuron.png", "loss.png"
_PAGE = "look.html"
# Of a summary, what stands in a history anyway.
IN_BOTH = ("epochs", "test_accuracy", "class_accuracy", "verdict", "fingerprint", "seed")
_FILES = (MODEL, HISTORY, MOMENTS)
_PICTURES = (_HIDDEN, _NEURON, _LOSS)
_NUMBERED = 1024  # units, at most: numbers of more make a picture that no screen has room for


def prepare_folder(
    out: Path, *, film: Path | None, pictures: bool, page: bool, force: bool
) -> list[Path]:
    """Make the folder if it is not there, and check that what a run writes may be written.

    Args:
        out: The folder.
        film: The film's path, if there is to be one.
        pictures: Whether there are to be pictures.
        page: Whether there is to be a page.
        force: Replace what others wrote.

    Returns:
        What an earlier run may have left there.

    Raises:
        OSError: if a file may not be written; a film's folder must be there, or be this one.
    """
    if film is not None and not inside(film, out):
        may_write(film, force)
    out.mkdir(parents=True, exist_ok=True)
    names = (*_FILES, *(_PICTURES if pictures else ()), *((_PAGE,) if page else ()))
    for path in (*(out / name for name in names), *(() if film is None else (film,))):
        may_write(path, force)
    return [out / name for name in (*_FILES, *_PICTURES, _PAGE, CHECKPOINT, *_films(out))]


def _films(out: Path) -> set[str]:
    """Return the names of the films that an earlier run may have left in its folder."""
    names = {FilmPlan().path.name}
    with suppress(OSError, ValueError, KeyError, TypeError):  # no history, or none of ours
        told = Path(read_json(out / HISTORY)["film"])
        names.update({told.name} if told.name == str(told) else ())  # not one that lies elsewhere
    return names


def inside(film: Path, out: Path) -> bool:
    """Tell whether a film is one of the run's folder."""
    return film.parent.resolve() == out.resolve()


def _write(result: Result, path: Path, how: Callable[[Path], None]) -> None:
    how(path)
    result.files.append(path)


def write_model(result: Result, out: Path, kept: Kept) -> None:
    """Write model and moments, and announce the history, which tells of all and is written last.

    Args:
        result: What came of the run.
        out: A folder.
        kept: The moments.
    """
    _write(result, out / MODEL, lambda path: checkpoint.save(result.network, path))
    result.files.append(out / HISTORY)
    _write(result, out / MOMENTS, kept.write)
    result.kept = len(kept.moments)


def write_history(result: Result, out: Path, settings: Mapping[str, Any]) -> None:
    """Write how the training went, and what came of the run.

    Args:
        result: What came of it; its files are where they will be.
        out: A folder.
        settings: As settings_of() returns, and what else is to be told.
    """
    network, history = result.network, result.history
    about = {
        **settings,
        "sizes": network.architecture.sizes,
        "fingerprint": network.fingerprint(),
        "test_accuracy": result.test_accuracy,
        "class_names": network.class_names,
        "class_accuracy": result.class_accuracy,
        "verdict": result.verdict,
        "epochs": history.epochs,
        "losses": history.losses,
        "sample_losses": history.sample_losses,
    }
    rest = {name: value for name, value in result.summary().items() if name not in IN_BOTH}
    rest["files"] = [_told(path, result.files[0].parent) for path in result.files]
    write_json({**about, "result": rest}, out / HISTORY)


def film_told(film: Path | None, out: Path) -> str | None:
    """Return how a history tells where the film is."""
    return None if film is None else _told(film, out)


def _told(path: Path, out: Path) -> str:
    return path.name if inside(path, out) else str(path.absolute())


def write_pictures(result: Result, out: Path, shape: tuple[int, int] | None, theme: str) -> None:
    """Draw the hidden layer, its strongest neuron, and the losses; each tells what is seen."""
    network, history = result.network, result.history
    weights = network.weights[0]
    strongest = int(np.square(weights).sum(axis=0).argmax())
    facts = f"{network!r}, seed {result.seed}, {len(history.losses)} mini-batches"

    def notes(description: str) -> dict[str, str]:
        return {"Software": MARK, "Description": description, "Comment": facts}

    names = names_of_classes(network) if network.architecture.layers == 1 else None
    hidden = grid(
        weights, shape=shape, scale=None, legend="first layer", layout="in,out", names=names,
        marks=result.conditions[0] if result.conditions else None,
        numbers=weights.shape[1] <= _NUMBERED, theme=theme,
    )  # fmt: skip
    strongest_neuron = neuron(
        weights, strongest, shape=shape, scale=None, layout="in,out",
        legend=_caption(network, strongest), theme=theme,
    )  # fmt: skip
    for name, image in ((_HIDDEN, hidden), (_NEURON, strongest_neuron)):
        write = partial(write_png, image, notes=notes(image.info["Description"]))
        _write(result, out / name, write)
    if history.losses:  # none if interrupted before the first mini-batch
        curve = loss_curve(history, theme=theme)
        _write(result, out / _LOSS, partial(write_figure, curve, notes=notes(curve.description)))


def write_page(
    result: Result, out: Path, kept: Kept, test: Dataset, about: Mapping[str, Any]
) -> None:
    """Write the run as a page; arguments as for write_model() and page_of()."""
    made = page_of(
        result.network, moments_of(kept, result.network), history=result.history,
        accuracies=kept.accuracies, test=test, about=about, told=result.verdict or "",
    )  # fmt: skip
    _write(result, out / _PAGE, made.write)


def write_film(
    result: Result,
    path: Path,
    plan: FilmPlan,
    scenes: Iterable[Scene],
    camera: Camera[Scene],
    watch: Callable[[int], None] | None,
) -> None:
    """Make the film; arguments as for shoot()."""
    result.frames, interrupted = shoot(plan, path, scenes, camera, watch)
    result.interrupted = result.interrupted or interrupted
    if result.frames:  # none if interrupted before the first
        result.film = path
        result.files.append(path)


def _caption(network: Network, unit: int) -> str:
    """Tell which class a unit of the first layer speaks for, and against, if the next one decides."""
    names = names_of_classes(network)
    if network.architecture.layers == 1:
        return f"class {names[unit]}"
    if network.architecture.layers > 2:
        return f"neuron {unit}"
    votes = network.weights[1][unit]
    return f"neuron {unit}, most for {names[votes.argmax()]}, against {names[votes.argmin()]}"


def leave(
    result: Result, work: Workplace, out: Path, older: Iterable[Path], settings: Mapping[str, Any]
) -> None:
    """Write the history, and let all files of a run take their places.

    Args:
        result: What came of the run, whose files are in its workplace.
        work: That workplace.
        out: The run's folder.
        older: What an earlier run may have left there.
        settings: As for write_history().
    """
    made = result.files
    if result.interrupted and (work.folder / CHECKPOINT).exists():
        made = [*made, work.folder / CHECKPOINT]
    result.files = [out / path.name if path.parent == work.folder else path for path in made]
    if result.film is not None and result.film.parent == work.folder:
        result.film = out / result.film.name
    write_history(result, work.folder, settings)
    gone = work.swap_in(made, older)
    result.removed += [path for path in gone if path.name != CHECKPOINT]


def remove(paths: Iterable[Path]) -> list[Path]:
    """Remove those files that are there and ours; return which."""
    ours = [path for path in paths if path.is_file() and is_ours(path)]
    for path in ours:
        path.unlink()
    return ours
