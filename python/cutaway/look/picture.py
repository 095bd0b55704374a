"""Pictures: weights go in as arrays, images to look at come out, a layer or one unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .labels import counted, with_legend, with_marks, with_names
from .tiles import check_weights, limits_of, tile_shape, tiles

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 100_000_000
LAYER_WIDTH, UNIT_WIDTH = 700, 448  # pixels of a picture to look at, about


def scale_for(width: int, tiles: NDArray[np.uint8]) -> int:
    """Return how many pixels per weight make tiles about so wide."""
    return max(1, round(width / int(tiles.shape[1])))


def grid(
    weights: ArrayLike,
    *,
    shape: tuple[int, int] | None = None,
    columns: int | None = None,
    limit: float | str | None = None,
    style: str = "diverging",
    border: bool | None = None,
    scale: int = 1,
    legend: bool | str = False,
    layout: str | None = None,
    names: Sequence[str] | None = None,
    marks: Sequence[str] | None = None,
) -> Image:
    """Draw a layer: one tile per unit, its incoming weights as a picture.

    Args:
        weights: (fan_in, units), as `network.weights[0]`; with layout="out,in" (units, fan_in), as
            the weight of a PyTorch layer.
        shape: As for tiles().
        columns: As for tiles().
        limit: As for tiles().
        style: As for tiles().
        border: As for tiles().
        scale: Pixels per weight and side.
        legend: Add a colour scale with its numbers below; a text is its title.
        layout: As for tiles().
        names: Of the units, written below their tiles: those of the classes for an output layer.
        marks: A word for every unit that is to be ringed ("dead", "saturated"), and "" for others.

    Returns:
        An RGB image.
    """
    from PIL import Image as Images

    legend = _check_legend("grid", legend)
    matrix = check_weights("grid", weights, layout, shape)
    shape = tile_shape("grid", matrix, shape, layout)
    pixels = tiles(matrix, shape=shape, columns=columns, limit=limit, style=style, border=border)
    image = Images.fromarray(pixels)
    scale = checks.count("grid", "scale", scale)
    if image.width * image.height * scale**2 > _MOST_PIXELS:
        raise ValueError(
            f"grid: the picture must have at most {_MOST_PIXELS:,} pixels, got a scale of {scale} "
            f"for {image.width}x{image.height}"
        )
    image = image.resize((image.width * scale, image.height * scale), Images.Resampling.NEAREST)
    gap = scale * (style == "diverging" and border is not False)
    across = (image.width - gap) // (scale * shape[1] + gap)
    if marks is not None:
        marks = _one_per_unit("marks", marks, matrix.shape[1])
        image = with_marks(image, marks, across, gap)
    if names is not None:
        image = with_names(image, _one_per_unit("names", names, matrix.shape[1]), across, gap)
    if not legend:
        return image
    limits = limits_of("grid", matrix, limit, style)
    title = legend if isinstance(legend, str) else "weights"
    if marks is not None and any(marks):
        title = f"{title}; {counted(marks)}"
    return with_legend(image, float(limits[0]) if len(limits) == 1 else None, style, title)


def _one_per_unit(name: str, value: object, units: int) -> tuple[str, ...]:
    texts = checks.texts("grid", name, value)
    if len(texts) != units:
        raise ValueError(f"grid: {name} must be one per unit ({units}), got {len(texts)}")
    return texts


def _check_legend(who: str, legend: bool | str) -> bool | str:
    if isinstance(legend, str):
        return legend
    return checks.flag(who, "legend", legend)


def neuron(
    weights: ArrayLike,
    unit: int = 0,
    *,
    shape: tuple[int, int] | None = None,
    limit: float | None = None,
    style: str = "diverging",
    scale: int = 8,
    legend: bool | str = False,
    layout: str | None = None,
) -> Image:
    """Draw one unit's incoming weights as a picture.

    Args:
        weights: As for grid(), or one unit's (fan_in,).
        unit: Which one.
        shape: As for tiles().
        limit: The weight with the strongest colour; None for the unit's largest.
        style: As for tiles().
        scale: Pixels per weight and side.
        legend: Add a colour scale with its numbers below; a text is its title.
        layout: As for tiles().

    Raises:
        TypeError: if the unit is no integer.
        IndexError: if there is no such unit.
    """
    legend = _check_legend("neuron", legend)
    matrix = check_weights("neuron", weights, layout, shape)
    unit = checks.count("neuron", "unit", unit, least=-(1 << 62))
    if not -matrix.shape[1] <= unit < matrix.shape[1]:
        raise IndexError(f"neuron: unit must be below {matrix.shape[1]}, got {unit}")
    return grid(
        matrix[:, unit],
        shape=tile_shape("neuron", matrix, shape, layout),
        limit="each" if limit is None else limit,
        style=style,
        border=False,
        scale=scale,
        legend=legend if isinstance(legend, str) or not legend else f"neuron {unit}",
    )
