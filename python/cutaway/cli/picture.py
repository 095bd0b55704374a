"""`cutaway picture`: a layer of a saved model, drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ..backend.contract import F32
from ..files import MARK, may_write, write_png
from ..foreign.read import read
from ..foreign.weights import Weights
from ..job.earlier import model_of
from ..look.picture import grid, neuron
from ..look.raster import is_strip
from ..look.tiles import STYLES, Shape, tile_shape
from ..measure.order import ORDERS, order_of, votes
from ..measure.projection import projected
from . import options
from .terminal import plain

_SORTED = {
    "strength": ", sorted by strength",
    "class": ", sorted by the class each speaks for",
    "likeness": ", sorted by likeness",
}


def _limit(_: click.Context, param: click.Parameter, value: str | None) -> float | str | None:
    """Read the weight with the strongest colour: the callback of --limit."""
    if value is None or value == "each":
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (number > 0 and math.isfinite(number)):
        raise click.BadParameter(f"must be a number above 0 or each, got {value}", param=param)
    return number


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
    "--projected",
    "project",
    is_flag=True,
    help="Of a later layer: as weights of the pixels, through the layers below without their "
    "activations.",
)
@click.option(
    "--shape",
    type=(options.AT_LEAST_ONE, options.AT_LEAST_ONE),
    metavar="H W",
    help="Height and width of a tile.",
)
@click.option("--rgb", is_flag=True, help="Pixels are red, green, blue: three weights each.")
@click.option("--columns", type=options.AT_LEAST_ONE, help="Tiles per row.")
@click.option("--numbers", is_flag=True, help="Write the units' numbers into the tiles.")
@click.option(
    "--sort",
    type=click.Choice(ORDERS),
    help="By the strength of the weights, the class that a unit speaks for most, or likeness.",
)
@click.option(
    "--limit",
    callback=_limit,
    metavar="WEIGHT|each",
    help="The weight with the strongest colour, or each tile's own; if not given, 1 in 1,000 is "
    "stronger.",
)
@click.option("--style", type=click.Choice(STYLES), default="diverging", show_default=True)
@options.theme
@click.option(
    "--scale",
    type=options.AT_LEAST_ONE,
    help="Pixels per weight; if not given, a layer is about 700 wide.",
)
@click.option("--describe", is_flag=True, help="Tell in a sentence what is seen.")
@options.layout
@options.force("a file")
def command(
    model: Path,
    output: Path,
    layer: int,
    unit: int | None,
    project: bool,
    shape: tuple[int, int] | None,
    rgb: bool,
    columns: int | None,
    numbers: bool,
    sort: str | None,
    describe: bool,
    layout: str | None,
    force: bool,
    **given: Any,
) -> int:
    """Draw a layer of a MODEL or a run's folder, or one of its units.

    MODEL may be anybody's: a .safetensors, .npz, .onnx or .keras file.

    A layer is a tile per unit; inputs that are no picture, those of later layers among them, make it a
    row per unit.
    """
    options.check_png(output, "--output")
    if unit is not None and (columns or numbers or sort):
        raise click.UsageError(
            "--columns, --numbers and --sort are of a whole layer, not of --unit"
        )
    network = read("picture", model_of(model), layout)
    last = len(network.weights) - 1
    if layer > last:
        raise IndexError(f"picture: layer must be at most {last}, got {layer}")
    weights = projected(network, layer) if project else network.weights[layer]
    may_write(output, force)
    tile = _shape(network, weights, shape, rgb=rgb, pixels=layer == 0 or project)
    strips = is_strip(tile_shape("picture", weights, tile))
    title = "" if layer == 0 or not project else ", linear projection through the layers below"
    given |= {"shape": tile, "layout": "in,out"}
    if unit is None:
        title = f"{_layer(network, layer)}{title}{_SORTED[sort] if sort else ''}"
        image = grid(
            weights, columns=columns, legend=title, border=True, numbers=numbers or strips,
            names=_names(network, layer, sort, strips), **given,
            order=None if sort is None else order_of(network.weights, layer, sort),
        )  # fmt: skip
    else:
        names = _names(network, layer, None, strips=False) or ()
        what = f"class {names[unit]}" if unit < len(names) else f"neuron {unit}"
        image = neuron(weights, unit, legend=f"{what}{title}", **given)
    write_png(image, output, {"Software": MARK, "Description": image.info["Description"]})
    print(plain(str(output)))
    if describe:
        print(plain(image.info["Description"]))
    return 0


def _shape(
    network: Weights, weights: F32, shape: tuple[int, int] | None, *, rgb: bool, pixels: bool
) -> Shape | None:
    """Return a tile's shape: what is given, that of the images for weights of pixels, or a strip."""
    if shape is None and rgb:
        side = math.isqrt(len(weights) // 3)
        shape = side, side
    if shape is not None:
        return (*shape, 3) if rgb else shape
    return network.shape if pixels else (1, len(weights))


def _layer(network: Weights, layer: int) -> str:
    """Return what a layer is called."""
    sizes = network.sizes
    hidden = "hidden layer" if len(sizes) == 3 else f"hidden layer {layer}"
    name = "output layer" if layer == len(sizes) - 2 else hidden
    return f"{name} of {'-'.join(map(str, sizes))}"


def _names(network: Weights, layer: int, sort: str | None, strips: bool) -> tuple[str, ...] | None:
    """Return what stands with each unit: its class, or the one it speaks for if they are sorted by it."""
    sizes = network.sizes
    named = len(network.class_names or ()) == sizes[-1]
    classes = (named and network.class_names) or tuple(map(str, range(sizes[-1])))
    if layer == len(sizes) - 2:
        return classes if named or not strips else None
    if sort != "class":
        return None
    return tuple(f"for {classes[n]}" for n in votes(network.weights, layer).argmax(axis=1))
