"""What commands share that train: options go in; what to train, and on which data, comes out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from ..job.begun import Begun
from ..job.source import Data, Source
from ..learn.recipes import RECIPES, Recipe
from . import options
from .terminal import plain

Callback = TypeVar("Callback", bound=Callable[..., Any])
USUAL = "lesson9"
_OPTIONS = (
    click.option(
        "--recipe",
        type=click.Choice(list(RECIPES)),
        show_default=USUAL,
        help="Where the other settings' defaults come from.",
    ),
    click.option(
        "--data",
        type=options.PATH,
        metavar="PATH",
        help="File or folder of your own: IDX, CSV, npz, parquet, a pickle, or pictures with a folder per "
        "class; the embedded MNIST if not given.",
    ),
    click.option(
        "--label", metavar="COLUMN", help="Of a CSV file: by its name, first, last, or from 0."
    ),
    click.option(
        "--size",
        type=(options.AT_LEAST_ONE, options.AT_LEAST_ONE),
        metavar="H W",
        help="Of pictures: scale all to height and width.",
    ),
    click.option("--invert", is_flag=True, help="Of pictures: turn black into white."),
    click.option(
        "--hidden",
        type=options.AT_LEAST_ONE,
        multiple=True,
        metavar="N ...",
        help="Units of each hidden layer: --hidden 64 32.",
    ),
    click.option("--epochs", type=options.AT_LEAST_ONE, help="Passes over the training set."),
    click.option("--batch-size", type=options.AT_LEAST_ONE, help="Samples per mini-batch."),
    click.option(
        "--lr",
        type=float,
        callback=options.finite,
        help="Learning rate; the peak of a one-cycle schedule.",
    ),
    click.option("--optimizer", type=click.Choice(["sgd", "adam"])),
    click.option("--schedule", type=click.Choice(["constant", "one-cycle"])),
)


def options_of_training(command: Callback) -> Callback:
    """Give a command the options of what to train, on which data."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_FIELDS = ("epochs", "batch_size", "lr", "optimizer", "schedule", "hidden")


def given(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what these options gave of what to train, by name, the recipe's too."""
    told = {name: settings[name] for name in ("recipe", *_FIELDS)}
    return {name: value for name, value in told.items() if value not in (None, ())}


def chosen(settings: dict[str, Any], begun: Begun | None = None) -> tuple[Recipe, Source]:
    """Take what these options gave out of the settings; return what to train, and on which data.

    Args:
        settings: By name.
        begun: A run of which to take what was not given.

    Raises:
        UsageError: if they do not fit together.
    """
    changes = given(settings)
    for name in ("recipe", *_FIELDS):
        del settings[name]
    name = changes.pop("recipe", None)
    first = begun.recipe if begun and name is None else RECIPES[name or USUAL]
    recipe = replace(first, **changes)
    path = settings.pop("data")
    how = {name: settings.pop(name) for name in ("label", "size", "invert")}
    if path is None and any(how.values()):
        raise click.UsageError("--label, --size and --invert need --data")
    if path is None and begun:
        return recipe, begun.source
    return recipe, Source(path=path, **how)


def read(source: Source, *, quiet: bool, json: bool) -> Data:
    """Return training, validation and test set; say what was taken of somebody's own."""
    sets, told = source.read()
    if told and not quiet:  # as the lines of the epochs: a result, but talk beside JSON
        print(f"data: {plain(told)}", file=sys.stderr if json else sys.stdout, flush=True)
    return sets
