"""`cutaway biography`: what a neuron of a run looks for, and what it is good for; or all, ranked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ask.biography import biography
from . import looking, options


@click.command("biography")
@looking.model
@click.argument("neuron", type=click.IntRange(min=0), required=False)
@looking.output("biography.png")
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    neuron: int | None,
    output: Path,
    data: Path | None,
    theme: str,
    describe: bool,
    force: bool,
    **told: Any,
) -> int:
    """Draw the life of a NEURON of a RUN; without a number, all of them, ranked.

    A neuron of the first layer: its weights, now and in the past, the test samples that excite it most
    and least, its outgoing weights, its mean output by class, and the accuracy lost without it, which
    is what the ranking goes by.
    """
    earlier = looking.read(run, **told)
    test = looking.data_of(earlier, data)[2]
    moments = earlier.moments if len(earlier.moments) > 1 else ()  # of a model alone
    image = biography(earlier.network, test, neuron, moments=moments, theme=theme)
    looking.leave(image, output, describe, force)
    return 0
