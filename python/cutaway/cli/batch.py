"""`cutaway batch`: what one mini-batch of an earlier run taught, which is trained again up to it."""

from __future__ import annotations

from pathlib import Path

import click

from ..ask.batch import batch
from ..files import may_write
from ..job.again import lesson
from ..job.earlier import read_run
from . import looking, options


@click.command("batch")
@looking.run
@click.option(
    "--number", type=options.AT_LEAST_ONE, default=12, show_default=True, help="Which mini-batch."
)
@looking.output("batch.png")
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    number: int,
    output: Path,
    data: Path | None,
    theme: str,
    describe: bool,
    force: bool,
) -> int:
    """Draw what a mini-batch of a RUN taught: its samples, and what they added to the weights.

    The run is trained again up to there, and its losses are compared. RUN is a folder that
    `cutaway train` left.
    """
    may_write(output, force)
    earlier = read_run(run)
    sets = looking.data_of(earlier, data)
    found = lesson(earlier, sets, number)
    image = batch(
        found.network, found.data, found.numbers, optimizer=found.optimizer, rate=found.rate,
        title=f"Mini-batch {number:,} (epoch {found.epoch}, rate {found.rate:.3g})", theme=theme,
    )  # fmt: skip
    looking.leave(image, output, describe, force)
    return 0
