"""`cutaway landscape`: the loss of a run as a map, with the way that the run took over it."""

from __future__ import annotations

from pathlib import Path

import click

from ..ask.landscape import landscape, way_of
from ..files import may_write
from ..job.earlier import read_run
from . import looking, options
from .terminal import plain


@click.command("landscape")
@looking.run
@looking.output("landscape.png")
@click.option(
    "--film",
    metavar="PATH",
    callback=options.film_path,
    help="A film of the way as it grows, too: .mp4, .gif, .webp or .apng.",
)
@looking.data
@options.theme
@looking.describe
@options.force("a file")
def command(
    run: Path,
    output: Path,
    film: Path | None,
    data: Path | None,
    theme: str,
    describe: bool,
    force: bool,
) -> int:
    """Draw the loss of a RUN on its training set as a map, with the way that the run took over it.

    The map is the plane that holds most of the movement of all weights: contours are lines of equal loss.
    """
    earlier = read_run(run)
    moments = way_of(earlier.moments)  # of a model alone there are none, whatever its data
    train = looking.data_of(earlier, data)[0]
    for path in (output, *([film] if film else [])):
        may_write(path, force)
    image = landscape(earlier.network, train, moments, film=film, theme=theme)
    looking.leave(image, output, describe, force)
    if film:
        print(plain(str(film)))
    return 0
