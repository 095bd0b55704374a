"""`cutaway picture`: a layer of a saved model, drawn."""

from __future__ import annotations

from pathlib import Path

import click

from ..files import MARK, may_write, write_png
from ..learn.checkpoint import load
from ..look.picture import LAYER_WIDTH, UNIT_WIDTH, grid, neuron, scale_for
from ..look.tiles import STYLES, tiles
from . import options
from .terminal import plain


@click.command("picture")
@click.argument("model", type=options.PATH)
@click.option(
    "-o",
    "--output",
    type=options.PATH,
    default=Path("grid.png"),
    show_default=True,
    help="A PNG file.",
)
@click.option("--layer", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--unit", type=click.IntRange(min=0), help="One unit instead of the whole layer.")
@click.option(
    "--shape",
    type=(options.AT_LEAST_ONE, options.AT_LEAST_ONE),
    metavar="H W",
    help="Height and width of a tile.",
)
@click.option("--columns", type=options.AT_LEAST_ONE, help="Tiles per row.")
@click.option("--style", type=click.Choice(STYLES), default="diverging", show_default=True)
@click.option(
    "--scale",
    type=options.AT_LEAST_ONE,
    help="Pixels per weight; if not given, a layer is about 700 wide.",
)
@options.force("a file")
def command(
    model: Path,
    output: Path,
    layer: int,
    unit: int | None,
    shape: tuple[int, int] | None,
    columns: int | None,
    style: str,
    scale: int | None,
    force: bool,
) -> int:
    """Draw a layer of a saved MODEL, or one of its units."""
    options.check_png(output, "--output")
    network = load(model, backend="cpu")
    weights = network.get_weights(layer)[1:]
    may_write(output, force)
    shape = network.shape if shape is None and layer == 0 else shape
    names = network.class_names
    if layer < network.architecture.layers - 1 or len(names or ()) != weights.shape[1]:
        names = None
    if unit is None:
        drawn = tiles(weights, shape=shape, columns=columns, layout="in,out")
        image = grid(
            weights, shape=shape, columns=columns, style=style, legend=True, border=True,
            scale=scale or scale_for(LAYER_WIDTH, drawn), layout="in,out", names=names,
        )  # fmt: skip
    else:
        drawn = tiles(weights[:, :1], shape=shape, border=False)
        image = neuron(
            weights, unit, shape=shape, style=style, scale=scale or scale_for(UNIT_WIDTH, drawn),
            legend=f"class {names[unit]}" if names and unit < len(names) else True, layout="in,out",
        )  # fmt: skip
    write_png(image, output, {"Software": MARK, "Description": f"layer {layer} of {network!r}"})
    print(plain(str(output)))
    return 0
