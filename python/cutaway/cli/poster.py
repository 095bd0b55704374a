"""`cutaway poster`: what some neurons became in a run, moment after moment, on a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from ..ask.poster import poster
from ..job.earlier import read_run
from ..job.result import names_of_classes
from ..look.poster import PAPERS
from . import looking, options


@click.command("poster")
@looking.run
@looking.output("poster.png")
@click.option(
    "--neurons",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N ...",
    help="A row each: --neurons 3 17; if not given, those that moved farthest, of many classes.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=2),
    help="Moments, at most; if not given, as many as have room.",
)
@click.option(
    "--paper",
    type=click.Choice(list(PAPERS)),
    default="16:9",
    show_default=True,
    help="A slide, or A4 upright.",
)
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    output: Path,
    neurons: tuple[int, ...],
    columns: int | None,
    paper: str,
    theme: str,
    describe: bool,
    force: bool,
) -> int:
    """Draw what neurons of a RUN became: a row each, a column per moment of the training.

    Columns are the mini-batches 0, 1, 2, 5, 10, 20, 50, ..., or the nearest that the run kept.
    """
    earlier = read_run(run)
    moments = [
        replace(moment, metrics={"valid_accuracy": earlier.accuracies[moment.step]})
        if moment.step in earlier.accuracies
        else moment
        for moment in earlier.moments
    ]
    image = poster(
        moments, neurons=neurons or None, columns=columns, paper=paper, theme=theme,
        class_names=names_of_classes(earlier.network),
    )  # fmt: skip
    looking.leave(image, output, describe, force)
    return 0
