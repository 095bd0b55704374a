"""`cutaway train`: a whole training in one word."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from ..data.read import mnist, read_sets
from ..job.outputs import Result
from ..job.recipes import RECIPES
from ..job.run import Data, run
from . import options
from .progress import Progress
from .terminal import plain, talk


@click.command("train")
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default="lesson9",
    show_default=True,
    help="Where the other settings' defaults come from.",
)
@click.option(
    "--data",
    type=options.PATH,
    metavar="PATH",
    help="File or folder of your own: IDX, CSV, npz, parquet, a pickle, or pictures with a folder per "
    "class; the embedded MNIST if not given.",
)
@click.option(
    "--label", metavar="COLUMN", help="Of a CSV file: by its name, first, last, or from 0."
)
@click.option(
    "--size",
    type=(options.AT_LEAST_ONE, options.AT_LEAST_ONE),
    metavar="H W",
    help="Of pictures: scale all to height and width.",
)
@click.option("--invert", is_flag=True, help="Of pictures: turn black into white.")
@click.option(
    "--hidden",
    type=options.AT_LEAST_ONE,
    multiple=True,
    metavar="N ...",
    help="Units of each hidden layer: --hidden 64 32.",
)
@click.option("--epochs", type=options.AT_LEAST_ONE, help="Passes over the training set.")
@click.option("--batch-size", type=options.AT_LEAST_ONE, help="Samples per mini-batch.")
@click.option(
    "--lr",
    type=float,
    callback=options.finite,
    help="Learning rate; the peak of a one-cycle schedule.",
)
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]))
@click.option("--schedule", type=click.Choice(["constant", "one-cycle"]))
@options.seed
@options.backend
@options.threads("the CPU")
@options.out
@click.option(
    "--every",
    type=options.AT_LEAST_ONE,
    default=1,
    show_default=True,
    help="Mini-batches per frame of the film.",
)
@click.option(
    "--fps",
    callback=options.rational,
    default="70",
    show_default=True,
    metavar="N",
    help="Frames per second: 25, 29.97, 30000/1001.",
)
@click.option("--codec", type=click.Choice(["h264", "mp4v"]), default="h264", show_default=True)
@click.option(
    "--film/--no-film", default=None, help="Whether to make a film; without: several times faster."
)
@options.as_json
@click.option("--quiet", is_flag=True, help="No progress.")
@options.force("files")
def command(
    recipe: str,
    data: Path | None,
    label: str | None,
    size: tuple[int, int] | None,
    invert: bool,
    hidden: tuple[int, ...],
    out: Path,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Train a network; leave its film, pictures, model and history in a folder.

    Without options: lesson 9's whole job on MNIST, five epochs.
    """
    fields = ("epochs", "batch_size", "lr", "optimizer", "schedule")
    given = {name: settings.pop(name) for name in fields}
    changes = {name: value for name, value in given.items() if value is not None}
    if hidden:
        changes["hidden"] = hidden
    chosen = dataclasses.replace(RECIPES[recipe], **changes)
    reading = {"label": label, "size": size, "invert": invert}
    sets, told = _read(data, **reading)
    if told and not quiet:  # as the lines of the epochs: a result, but talk beside JSON
        print(f"data: {plain(told)}", file=sys.stderr if as_json else sys.stdout, flush=True)

    steps = chosen.epochs * -(-len(sets[0]) // chosen.batch_size)
    show = Progress(steps, bar=not quiet and sys.stderr.isatty(), lines=not quiet, json=as_json)
    with show:
        result = run(chosen, sets, out, watch=show.moment, **settings)

    if as_json:
        print(json.dumps(result.summary(), indent=1))
    else:
        _print_result(result)
    if result.interrupted:
        talk(f"cutaway: interrupted; {out} holds what was learned so far")
        return 130
    return 0


def _read(data: Path | None, **reading: Any) -> tuple[Data, str]:
    """Return the three sets, and a line that tells what was taken of somebody's own."""
    if data is None:
        if any(reading.values()):
            raise click.UsageError("--label, --size and --invert need --data")
        return mnist(), ""
    train, valid, test, told = read_sets(data, **reading)
    return (train, valid, test), told


def _weakest(result: Result) -> str:
    """Tell the classes that are recognised least, or all if they are few."""
    rates = [(rate, name) for name, rate in result.class_accuracy.items() if rate is not None]
    worst = ", ".join(f"{plain(name)} {rate:.2%}" for rate, name in sorted(rates)[:3])
    return f" ({'lowest' if len(rates) > 3 else 'by class'}: {worst})"


def _print_result(result: Result) -> None:
    seconds = result.seconds
    if result.test_accuracy is not None:
        print(f"test accuracy {result.test_accuracy:.2%}{_weakest(result)}")
        print(f"verdict: {result.verdict}")
    who = result.gpu or f"{result.network.backend}, {result.network.threads} threads"
    print(f"training {seconds['train']:.2f} s, the rest {seconds['render']:.2f} s ({who})")
    for path in result.files:
        note = f"  {result.frames} frames" if path.suffix == ".mp4" else ""
        print(f"{plain(str(path))}{note}")
    for path in result.removed:
        talk(f"removed {plain(str(path))} of an earlier run")
