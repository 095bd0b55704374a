"""`cutaway mistakes`: what an earlier run's network takes for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ask.mistakes import mistakes
from . import looking, options


@click.command("mistakes")
@looking.model
@looking.output("mistakes.png")
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path, output: Path, data: Path | None, theme: str, describe: bool, force: bool, **told: Any
) -> int:
    """Draw the mistakes that the network of a RUN makes on its test set.

    How often each class is taken for each, the most confident mistakes with their three largest outputs,
    and of the worst what spoke for the answer and what for the right class.
    """
    earlier = looking.read(run, **told)
    test = looking.data_of(earlier, data)[2]
    looking.leave(mistakes(earlier.network, test, theme=theme), output, describe, force)
    return 0
