"""`cutaway doubt`: how sure the network of an earlier run is of what is hard to tell, or nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ask.doubt import doubt
from ..files import may_write
from . import looking, options


@click.command("doubt")
@looking.model
@looking.output("doubt.png")
@looking.data
@options.seed
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    output: Path,
    data: Path | None,
    seed: int,
    theme: str,
    describe: bool,
    force: bool,
    **told: Any,
) -> int:
    """Draw how right and how sure the network of a RUN is as its inputs get harder.

    Samples of the test set under growing noise, turned, shifted, and with more and more erased; and
    what it says of pure noise, of nothing, and of letters. RUN is a run's folder, or a model.
    """
    may_write(output, force)
    earlier = looking.read(run, **told)
    test = looking.data_of(earlier, data)[2]
    looking.leave(doubt(earlier.network, test, seed=seed, theme=theme), output, describe, force)
    return 0
