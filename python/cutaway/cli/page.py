"""`cutaway page`: an earlier run as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ask.page import page_of_earlier
from ..files import may_write
from . import looking, options
from .terminal import plain


def _html_path(_: click.Context, param: click.Parameter, value: Path) -> Path:
    if value.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"must end in .html, got {value}", param=param)
    return value


@click.command("page")
@looking.model
@click.option(
    "-o",
    "--output",
    type=options.PATH,
    callback=_html_path,
    default=Path("look.html"),
    show_default=True,
    help="An HTML file.",
)
@looking.data
@options.force("a file")
def command(
    run: Path,
    activations: list[str] | None,
    normalise: Any,
    layout: str | None,
    output: Path,
    data: Path | None,
    force: bool,
) -> int:
    """Write a RUN as one page: drag through the training, draw a digit, ask why.

    It opens from the file in any browser, and needs no network. A model's file alone is one moment.
    """
    earlier = looking.read(run, activations, normalise, layout)
    test = looking.data_of(earlier, data)[2] if data or earlier.data else None
    may_write(output, force)
    page_of_earlier(earlier, test).write(output)
    print(plain(str(output)))
    return 0
