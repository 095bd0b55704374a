"""Pictures: weights go in as arrays, images to look at come out, a layer or one unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from .. import checks
from ..foreign.read import first_layer
from .describe import clipped, description, how_to_read, strength
from .labels import Labels, smallest_scale
from .legend import with_legend
from .raster import Raster, raster
from .theme import THEMES
from .tiles import RED, STYLES, Shape, check_weights, coloured, limits_of, tile_shape

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 100_000_000
LAYER_WIDTH, UNIT_WIDTH = 700, 448  # pixels of a picture to look at, about


def grid(
    weights: Any,
    *,
    shape: Shape | None = None,
    columns: int | None = None,
    limit: float | str | None = None,
    style: str = "diverging",
    border: bool | None = None,
    scale: int | None = 1,
    legend: bool | str = False,
    layout: str | None = None,
    names: Sequence[str] | None = None,
    marks: Sequence[str] | None = None,
    numbers: bool = False,
    order: ArrayLike | None = None,
    theme: str = "light",
) -> Image:
    """Draw a layer: one tile per unit, its incoming weights as a picture.

    The line between tiles is a 28th of a tile's side. Weights that are no picture are strips, drawn
    below each other, their cells higher than wide where there is room.

    Args:
        weights: (fan_in, units), as `network.weights[0]`; with layout="out,in" (units, fan_in), as
            the weight of a PyTorch layer. Or any model, or its file, as Weights.from_model() takes it:
            its first layer.
        shape: As for tiles().
        columns: Tiles per row; None for a picture as square as it gets.
        limit: As for tiles().
        style: As for tiles().
        border: As for tiles().
        scale: Pixels per weight and side; None for a picture about 700 pixels wide.
        legend: Add a colour scale with its numbers below; a text is its title.
        layout: As for tiles().
        names: Of the units, written below their tiles or beside their strips: those of the classes
            for an output layer.
        marks: A word for every unit that is to be ringed ("dead", "saturated"), and "" for others.
        numbers: Write each unit's number into its tile's corner; of strips, numbers of units and
            inputs beside them.
        order: Numbers of units in the order in which they are drawn, a part or all of them.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for weights or options that make no picture; numbers that have no room
            in tiles as small as these.

    Warns:
        UserWarning: if names have no room, or as tiles() does.
    """
    title = _check_legend("grid", legend)
    weights, shape, layout = first_layer("grid", weights, shape, layout)
    matrix = check_weights("grid", weights, layout, shape)
    tile = tile_shape("grid", matrix, shape, layout)
    checks.choice("grid", "style", style, STYLES)
    checks.choice("grid", "theme", theme, tuple(THEMES))
    lined = style == "diverging" if border is None else checks.flag("grid", "border", border)
    labels, units = _labels(names, marks, numbers, order, matrix.shape[1])
    matrix = matrix[:, units]
    limits = limits_of("grid", matrix, limit, style)
    lines = ("between" if style == "diverging" else "inside") if lined else ""
    place = _raster(labels, tile, columns, scale, lines)

    look = THEMES[theme]
    pixels = coloured(matrix, tile, limits, style, theme)
    image = place.draw(pixels, look.paper, RED if lines == "inside" else look.gap)
    image = labels.draw(image, place, look, look if style == "diverging" else THEMES["dark"])
    colour = len(matrix) != tile[0] * tile[1]
    if title:
        texts = title, how_to_read(place, style, colour), labels.counted(place)
        image = with_legend(
            image, limits, [text for text in texts if text], clipped(matrix, limits),
            style=style, theme=theme, colour=colour,
        )  # fmt: skip
    image.info["Description"] = description(
        place, title=title if isinstance(legend, str) else "", colour=colour,
        scale=strength(limits), style=style, units=units, marks=labels.marks,
    )  # fmt: skip
    return image


def _labels(
    names: object, marks: object, numbers: object, order: ArrayLike | None, units: int
) -> tuple[Labels, list[int]]:
    """Return what is told of the units that are drawn, and their numbers, in the order of drawing."""
    drawn = list(range(units))
    if order is not None:
        drawn = checks.integers("grid", "order", order).tolist()
        if not drawn or len({*drawn} & {*range(units)}) != len(drawn):
            raise ValueError(
                f"grid: order must be different numbers from 0 to {units - 1}, "
                f"got {checks.shown(drawn)}"
            )
    return Labels(
        names=None if names is None else _one_per_unit("names", names, units, drawn),
        numbers=tuple(map(str, drawn)) if checks.flag("grid", "numbers", numbers) else None,
        marks=("",) * len(drawn) if marks is None else _one_per_unit("marks", marks, units, drawn),
    ), drawn


def _one_per_unit(name: str, value: object, units: int, drawn: Sequence[int]) -> tuple[str, ...]:
    texts = checks.texts("grid", name, value)
    if len(texts) != units:
        raise ValueError(f"grid: {name} must be one per unit ({units}), got {len(texts)}")
    return tuple(texts[n] for n in drawn)


def _raster(
    labels: Labels, tile: tuple[int, int], columns: int | None, scale: int | None, lines: str
) -> Raster:
    """Return where tiles and labels are, checked for size."""
    columns = None if columns is None else checks.count("grid", "columns", columns)
    given = None if scale is None else checks.count("grid", "scale", scale)
    units = len(labels.marks)
    chosen = raster(units, tile, columns=columns, scale=given, width=LAYER_WIDTH, lines=lines)
    if labels.numbers and not chosen.strips:
        least = smallest_scale(labels.numbers, tile)
        if given is not None and given < least:
            raise ValueError(
                f"grid: scale must be at least {least} for numbers to have room, got {given}"
            )
        if chosen.cell[1] < least:
            chosen = raster(units, tile, columns=columns, scale=least, width=0, lines=lines)
    chosen = labels.room(chosen)
    if math.prod(chosen.size) > _MOST_PIXELS:
        raise ValueError(
            f"grid: the picture must have at most {_MOST_PIXELS:,} pixels, got a scale of "
            f"{chosen.cell[1]} for {' x '.join(map(str, chosen.size))}"
        )
    return chosen


def _check_legend(who: str, legend: bool | str) -> str:
    """Return a legend's title on one line, or "" for no legend."""
    if isinstance(legend, str):
        return " ".join(legend.split())
    return "weights" if checks.flag(who, "legend", legend) else ""


def neuron(
    weights: Any,
    unit: int = 0,
    *,
    shape: Shape | None = None,
    limit: float | None = None,
    style: str = "diverging",
    scale: int | None = 8,
    legend: bool | str = False,
    layout: str | None = None,
    theme: str = "light",
) -> Image:
    """Draw one unit's incoming weights as a picture.

    Args:
        weights: As for grid(), or one unit's (fan_in,).
        unit: Which one.
        shape: As for tiles().
        limit: The weight with the strongest colour; None for the unit's largest.
        style: As for tiles().
        scale: Pixels per weight and side; None for a picture about 448 pixels wide.
        legend: Add a colour scale with its numbers below; a text is its title.
        layout: As for tiles().
        theme: "light" or "dark".

    Returns:
        As grid().

    Raises:
        TypeError: if the unit is no integer.
        IndexError: if there is no such unit.
    """
    title = _check_legend("neuron", legend)
    weights, shape, layout = first_layer("neuron", weights, shape, layout)
    matrix = check_weights("neuron", weights, layout, shape)
    tile = tile_shape("neuron", matrix, shape, layout)
    unit = checks.count("neuron", "unit", unit, least=-(1 << 62))
    if not -matrix.shape[1] <= unit < matrix.shape[1]:
        raise IndexError(f"neuron: unit must be below {matrix.shape[1]}, got {unit}")
    if title and not isinstance(legend, str):
        title = f"neuron {unit % matrix.shape[1]}"
    if scale is None:
        scale = raster(1, tile, columns=1, scale=None, width=UNIT_WIDTH).cell[1]
    return grid(
        matrix[:, unit],
        shape=shape,
        limit="each" if limit is None else limit,
        style=style,
        border=False,
        scale=scale,
        legend=title,
        theme=theme,
    )
