"""`cutaway why`: why an earlier run's network answers as it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ask.why import why
from . import looking, options


@click.command("why")
@looking.model
@click.argument("what", metavar="IMAGE|N")
@looking.output("why.png")
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    what: str,
    output: Path,
    data: Path | None,
    theme: str,
    describe: bool,
    force: bool,
    **told: Any,
) -> int:
    """Draw why the network of a RUN answers as it does, asked of a picture file or of test sample N.

    What it was shown, its outputs, the evidence for its answer and against the next best, and the hidden
    units that spoke loudest. A picture file is made like those that it learned from.
    """
    earlier = looking.read(run, **told)
    if what.isdecimal():
        test = looking.data_of(earlier, data)[2]
        image = why(earlier.network, int(what), data=test, theme=theme)
    elif data is not None:
        raise click.UsageError("--data is for the number of a sample, not for a picture file")
    else:
        image = why(earlier.network, what, theme=theme)
    looking.leave(image, output, describe, force)
    return 0
