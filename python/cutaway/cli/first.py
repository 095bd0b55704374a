"""`cutaway first`: which classes an earlier run learned first, and what it learned and lost again."""

from __future__ import annotations

from pathlib import Path

import click

from ..ask.first import first
from ..files import may_write
from ..job.earlier import read_run
from . import looking, options


@click.command("first")
@looking.run
@looking.output("first.png")
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path, output: Path, data: Path | None, theme: str, describe: bool, force: bool
) -> int:
    """Draw which classes a RUN recognised first, and what it learned and lost again.

    A line per class: which part of it in the test set is right, mini-batch by mini-batch, on a
    logarithmic axis, for most is learned at the beginning. Below, samples that were right for long
    and are wrong at the end. RUN is a folder that `cutaway train` left.
    """
    may_write(output, force)
    earlier = read_run(run)
    test = looking.data_of(earlier, data)[2]
    looking.leave(
        first(earlier.network, earlier.moments, test, theme=theme), output, describe, force
    )
    return 0
