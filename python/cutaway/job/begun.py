"""Begun: a run's folder goes in, and what it takes to go on with the run comes out.

A run that was killed, or works still, is in its workplace: its settings, and a checkpoint as soon as there
is one. One that Ctrl-C ended, or that is done, tells the same in its history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import MARK, read_json
from ..learn.history import Place
from ..learn.ongoing import Checkpoint, Keeper, go_on, read
from ..learn.recipes import Recipe
from .earlier import read_run
from .filming import FilmPlan
from .kept import Kept
from .outputs import HISTORY, IN_BOTH, MOMENTS
from .result import Result
from .source import Source, source_of
from .workplace import CHECKPOINT, FOLDER, SETTINGS, Workplace, settle

if TYPE_CHECKING:
    from ..learn.training import Moments
    from .run import Training


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A run that can go on.

    Attributes:
        folder: Of the run.
        recipe: What it trains, and how.
        source: Of its data.
        seed: Of start weights and shuffling.
        backend: Where it is trained.
        threads: What was asked for.
        theme: Of pictures.
        film: Which film is made, if one is.
        page: Whether a page is made.
        checkpoint: To go on from; None if the run was ended before there was one.
        summary: What came of it, as `--json` prints it; None if it is not done.
    """

    folder: Path
    recipe: Recipe
    source: Source
    seed: int
    backend: str
    threads: int | None
    theme: str
    film: FilmPlan | None
    page: bool
    checkpoint: Checkpoint | None
    summary: Mapping[str, Any] | None

    def is_for(self, recipe: Recipe, source: Source, seed: int) -> bool:
        """Tell whether this is what it trains."""
        return (recipe, source, seed) == (self.recipe, self.source, self.seed)


def settings_of(
    training: Training,
    backend: str,
    data: Mapping[str, Any],
    film: FilmPlan | None,
    theme: str,
    page: bool,
) -> dict[str, Any]:
    """Return what find() reads: the settings of a run, as JSON has them.

    Args:
        training: Of the run.
        backend: That it has.
        data: What is told of them: Source.about().
        film: Which film is made, if one is.
        theme: Of pictures.
        page: Whether a page is made.
    """
    plan = None
    if film is not None:
        fps = None if film.fps is None else str(film.fps)
        plan = {**asdict(film), "path": str(film.path), "fps": fps}
    return {
        "cutaway": MARK,
        "lesson": asdict(training.recipe),  # its name in version 0.1.0, which others may read
        "seed": training.seed,
        "data": dict(data),
        "settings": {
            "backend": backend,
            "threads": training.threads,
            "theme": theme,
            "film": plan,
            "page": page,
        },
    }


def take_up(
    begun: Begun | None,
    work: Workplace,
    training: Training,
    kept: Kept,
    result: Result,
    moments: Moments,
    settings: dict[str, Any],
    force: bool,
) -> None:
    """Bring a training to where a run left off, if it goes on with one; note on what terms.

    Args:
        begun: The run.
        work: Where the one works that goes on with it.
        training: What it trains.
        kept: Gets the moments.
        result: Gets the history; its network learns.
        moments: Of the training, none of which was asked for.
        settings: As settings_of() returns; get the terms.
        force: Go on with other settings or data.

    Raises:
        ValueError: if it cannot go on, or must not.
        OSError: if the checkpoint cannot be written into the workplace.
    """
    data = settings["data"].get("sha256") or settings["data"]["name"]
    before = None if begun is None else begun.checkpoint
    if before is not None:
        result.changed = go_on(
            "train", before, result.network, moments, data, last=training.last, force=force,
            hint="; --force goes on all the same",
        )  # fmt: skip
        try:
            kept.go_on(before.tensors)
        except (KeyError, ValueError) as error:
            raise ValueError(f"train: {before.path} holds no moments of its run: {error}") from None
        result.history = before.history
    settings.update(terms={**moments._terms, "data": data}, changed=result.changed)
    work.begin(settings, before)


def keeper_of(
    work: Workplace, kept: Kept, result: Result, moments: Moments, settings: Mapping[str, Any]
) -> Keeper:
    """Return what writes a run's checkpoints; arguments as for take_up()."""
    return Keeper(
        work.folder / CHECKPOINT, result.network, moments, result.history,
        lambda: settings["terms"]["data"], kept.state, changed=result.changed,
    )  # fmt: skip


def find(folder: Path) -> Begun:
    """Find the run of a folder: one that was killed there, or else the one whose files are there.

    Raises:
        ValueError: if there is none, or a file of it is damaged.
        OSError: if one cannot be read.
    """
    settle(folder)
    work = folder / FOLDER
    if (work / SETTINGS).exists():
        checkpoint = work / CHECKPOINT
        return _begun(folder, work / SETTINGS, checkpoint if checkpoint.exists() else None)
    if (folder / HISTORY).exists():
        checkpoint = folder / CHECKPOINT
        return _begun(folder, folder / HISTORY, checkpoint if checkpoint.exists() else None)
    if not folder.is_dir():
        kind = NotADirectoryError if folder.exists() else FileNotFoundError
        raise kind(f"{folder}: there is no such folder of a run")
    lanes = sorted(path.parent.name for path in folder.glob(f"*/{HISTORY}"))
    hint = f"; name one of its trainings: {folder / lanes[0]}" if lanes else ""
    raise ValueError(f"{folder}: holds no run to go on with{hint}")


def unfinished(folder: Path) -> Begun | None:
    """Return the run of a folder that was killed or interrupted, if one can go on.

    It is for the one who works there: a run that goes on at this moment looks the same.
    """
    if not any((place / CHECKPOINT).exists() for place in (folder / FOLDER, folder)):
        return None
    try:
        begun = find(folder)
    except (ValueError, OSError):  # damaged: nobody could go on with it
        return None
    return begun if begun.checkpoint and not begun.summary else None


def _begun(folder: Path, path: Path, checkpoint: Path | None) -> Begun:
    """Return what a file tells of its run."""
    try:
        told = read_json(path)
    except ValueError as error:
        raise ValueError(f"{path}: is no settings of a run: {error}") from None
    try:
        recipe = Recipe(**{**told["lesson"], "hidden": tuple(told["lesson"]["hidden"])})
        settings = told["settings"]
        plan = settings["film"]
        if plan is not None:
            fps = None if plan["fps"] is None else Fraction(plan["fps"])
            plan = FilmPlan(**{**plan, "path": Path(plan["path"]), "fps": fps})
        result = told.get("result")
        done = result is not None and not result["interrupted"]
        summary = _summary(folder, told) if done else None
        return Begun(
            folder=folder, recipe=recipe, source=source_of(told["data"]), seed=told["seed"],
            backend=settings["backend"], threads=settings["threads"], theme=settings["theme"],
            film=plan, page=settings["page"], summary=summary,
            checkpoint=read("train", checkpoint) if checkpoint else _end(folder, told) if done else None,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: tells too little to go on with its run: {type(error).__name__}: {error}"
        ) from None


def _summary(folder: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary of a run that is done, whose folder may have moved."""
    whole = {**{name: told[name] for name in IN_BOTH}, **told["result"]}
    return {**whole, "files": [str(folder / name) for name in whole["files"]]}


def _end(folder: Path, told: Mapping[str, Any]) -> Checkpoint:
    """Return the end of a run that is done: model, history and moments are all that a checkpoint is."""
    from safetensors.numpy import load_file

    earlier = read_run(folder)
    tensors = load_file(folder / MOMENTS)
    tensors["before"] = earlier.network.weights[0]  # the last look was at the end
    epochs = len(earlier.history.epochs)
    return Checkpoint(
        path=folder / HISTORY, network=earlier.network, history=earlier.history, tensors=tensors,
        place=Place(step=len(earlier.history.losses), order=epochs), terms=told["terms"],
        changed=told["changed"],
    )  # fmt: skip
