"""Pictures: weights go in as arrays, images come out.

Signed weights are shown on a diverging scale: zero is white, positive orange, negative blue (a pair
that colour-blind readers tell apart), the same magnitude equally strong on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from ..learn.training import History

U8 = NDArray[np.uint8]
STYLES = ("diverging", "classic")

_NEGATIVE = ((8, 48, 107), (33, 113, 181), (158, 202, 225))  # strong to weak
_POSITIVE = ((253, 190, 133), (217, 95, 14), (127, 39, 4))  # weak to strong
_ZERO = (255, 255, 255)
_BLUE, _ORANGE = "#2171b5", "#d95f0e"  # the same, for curves
_WIDE = 300  # pixels of a picture whose legend has room for a title
_GAP = (168, 172, 180)
_RED = (255, 0, 0)
_INK = (60, 64, 72)
_MOST_PIXELS = 100_000_000
_STRONG = 0.999  # quantile of |weights| that gets the strongest colour


@cache
def _colours(style: str) -> U8:
    """Return the colours of -limit ... +limit, (255, 3); number 127 is zero."""
    t = np.linspace(-1, 1, 255)
    if style == "classic":  # the tutorial's: gray, and black for all that is negative
        return np.repeat((255 * t.clip(0)).round().astype(np.uint8)[:, np.newaxis], 3, axis=1)
    stops = np.array([*_NEGATIVE, _ZERO, *_POSITIVE], float)
    at = np.linspace(-1, 1, len(stops))
    return np.stack([np.interp(t, at, stops[:, c]) for c in range(3)], 1).round().astype(np.uint8)


def _matrix(who: str, weights: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(weights)
    if array.dtype.kind not in "biuf" or isinstance(weights, np.ma.MaskedArray):
        raise TypeError(f"{who}: weights must be real numbers, got {array.dtype}")
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{who}: weights must be (fan_in, units) or (fan_in,), got shape {array.shape}"
        )
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{who}: weights must be finite, got NaN or infinity")
    return array[:, np.newaxis] if array.ndim == 1 else array


def _shape(who: str, fan_in: int, shape: tuple[int, int] | None) -> tuple[int, int]:
    """Return a tile's (height, width): a square if that fits, else a strip."""
    if shape is None:
        side = math.isqrt(fan_in)
        return (side, side) if side * side == fan_in else (1, fan_in)
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise ValueError(f"{who}: shape must be (height, width), got {shape!r}")
    if min(shape) < 1 or shape[0] * shape[1] != fan_in:
        raise ValueError(f"{who}: shape must hold {fan_in} pixels, got {tuple(shape)}")
    return int(shape[0]), int(shape[1])


def _at_least_one(who: str, name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{who}: {name} must be an integer of at least 1, got {value!r}")
    return int(value)


def _limits(
    who: str, weights: NDArray[np.float32], limit: float | str | None, style: str
) -> NDArray[np.float32]:
    """Return the weight that gets the strongest colour: (1,) for all, or (units,)."""
    if limit is None:
        limit = "each" if style == "classic" else float(np.quantile(np.abs(weights), _STRONG))
        limit = limit or float(np.abs(weights).max()) or 1.0  # all zero: any limit will do
    smallest, largest = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    if limit == "each":
        limits = np.abs(weights).max(axis=0)
        limits[limits == 0] = 1
    elif isinstance(limit, str) or not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"{who}: limit must be above 0, 'each' or None, got {limit!r}")
    else:
        limits = np.array([min(limit, largest)], np.float32)
    result: NDArray[np.float32] = np.maximum(limits, smallest)
    return result


def tiles(
    weights: ArrayLike,
    *,
    shape: tuple[int, int] | None = None,
    columns: int | None = None,
    limit: float | str | None = None,
    style: str = "diverging",
    border: bool | None = None,
) -> U8:
    """Draw a layer as an array of pixels: fast enough for every frame of a film.

    Args:
        weights: (fan_in, units), or one unit's (fan_in,).
        shape: (height, width) of a tile; a square if fan_in is one, else a strip.
        columns: Tiles per row; as square as it gets if None. Unit 1 is right of unit 0.
        limit: The weight with the strongest colour, "each" for the largest of every unit by itself,
            or None: a thousandth of all weights are stronger (so that a single one does not make
            the rest pale), and "each" for "classic". Stronger weights are clipped.
        style: "diverging", or "classic" for the tutorial's gray.
        border: A line between tiles ("classic": red, on the tiles' own edge). None: a line for
            "diverging", none for "classic".

    Returns:
        (height, width, 3), uint8, RGB.

    Raises:
        TypeError, ValueError: for weights or options that make no picture.
    """
    who = "grid"
    matrix = _matrix(who, weights)
    if style not in STYLES:
        raise ValueError(f"{who}: style must be one of {STYLES}, got {style!r}")
    fan_in, units = matrix.shape
    height, width = _shape(who, fan_in, shape)
    across = (
        math.ceil(math.sqrt(units)) if columns is None else _at_least_one(who, "columns", columns)
    )
    across = min(across, units)
    down = -(-units // across)
    border = style == "diverging" if border is None else border

    with np.errstate(over="ignore"):  # what is far above the limit is clipped all the same
        levels = matrix.T / (_limits(who, matrix, limit, style) / 127)[:, np.newaxis]
    numbers = np.clip(np.rint(levels), -127, 127).astype(np.int16) + 127
    colours = _colours(style)
    drawn = np.empty((down * across, height, width, 3), np.uint8)
    drawn[:units] = colours.take(numbers, axis=0).reshape(units, height, width, 3)
    drawn[units:] = _GAP if style == "diverging" else colours[127]  # no unit, no tile
    if border and style == "classic":
        for edge in (drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]):
            edge[...] = _RED
    drawn = drawn.reshape(down, across, height, width, 3).swapaxes(1, 2)  # tile rows side by side

    gap = 1 if border and style == "diverging" else 0
    picture = np.empty((down, height + gap, across, width + gap, 3), np.uint8)
    picture[...] = _GAP
    picture[:, gap:, :, gap:] = drawn
    picture = picture.reshape(down * (height + gap), across * (width + gap), 3)
    if gap:  # the lines at the right and at the bottom
        picture = np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="wrap")
    return picture


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
) -> Image:
    """Draw a layer: one tile per unit, its incoming weights as a picture.

    Args:
        weights: (fan_in, units), as `network.weights[0]`.
        shape: As for tiles().
        columns: As for tiles().
        limit: As for tiles().
        style: As for tiles().
        border: As for tiles().
        scale: Pixels per weight and side.
        legend: Add a colour scale with its numbers below; a text is its title.

    Returns:
        An RGB image.
    """
    from PIL import Image as Images

    pixels = tiles(weights, shape=shape, columns=columns, limit=limit, style=style, border=border)
    image = Images.fromarray(pixels)
    scale = _at_least_one("grid", "scale", scale)
    if image.width * image.height * scale**2 > _MOST_PIXELS:
        raise ValueError(
            f"grid: the picture must have at most {_MOST_PIXELS:,} pixels, got a scale of {scale} "
            f"for {image.width}x{image.height}"
        )
    image = image.resize((image.width * scale, image.height * scale), Images.Resampling.NEAREST)
    if not legend:
        return image
    limits = _limits("grid", _matrix("grid", weights), limit, style)
    title = legend if isinstance(legend, str) else "weights"
    return _with_legend(image, float(limits[0]) if len(limits) == 1 else None, style, title)


def neuron(
    weights: ArrayLike,
    unit: int = 0,
    *,
    shape: tuple[int, int] | None = None,
    limit: float | None = None,
    style: str = "diverging",
    scale: int = 8,
    legend: bool | str = False,
) -> Image:
    """Draw one unit's incoming weights as a picture.

    Args:
        weights: (fan_in, units), as `network.weights[0]`, or one unit's (fan_in,).
        unit: Which column of weights.
        shape: As for tiles().
        limit: The weight with the strongest colour; None for the unit's largest.
        style: As for tiles().
        scale: Pixels per weight and side.
        legend: Add a colour scale with its numbers below; a text is its title.

    Raises:
        IndexError: if there is no such unit.
    """
    matrix = _matrix("neuron", weights)
    if not -matrix.shape[1] <= unit < matrix.shape[1]:
        raise IndexError(f"neuron: unit must be below {matrix.shape[1]}, got {unit}")
    return grid(
        matrix[:, unit],
        shape=shape,
        limit="each" if limit is None else limit,
        style=style,
        border=False,
        scale=scale,
        legend=f"neuron {unit}" if legend is True else legend,
    )


def _with_legend(image: Image, limit: float | None, style: str, title: str) -> Image:
    """Return the image with a colour scale below it; None: every tile has a limit of its own."""
    from PIL import Image as Images
    from PIL import ImageDraw, ImageFont

    size = max(10, min(18, image.width // 24))
    pad = size // 2 + 2
    font = ImageFont.load_default(size)
    ends = ("-max", "+max") if limit is None else (f"-{limit:.2g}", f"+{limit:.2g}")
    whole = Images.new("RGB", (image.width, image.height + 2 * pad + size), _ZERO)
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    middle = image.height + pad + size / 2
    bar_width = max(image.width // 3, 8)
    left = (image.width - bar_width) // 2
    ramp = _colours(style)[np.linspace(0, 254, bar_width).round().astype(int)]
    bar = Images.fromarray(np.repeat(ramp[np.newaxis], max(size - 4, 4), axis=0))
    top = image.height + pad + (size - bar.height) // 2
    whole.paste(bar, (left, top))
    draw.rectangle((left - 1, top - 1, left + bar_width, top + bar.height), outline=_INK)
    draw.text((left - pad, middle), ends[0], _INK, font, "rm")
    draw.text((left + bar_width + pad, middle), ends[1], _INK, font, "lm")
    if image.width > _WIDE:
        draw.text((pad, middle), title, _INK, font, "lm")
    return whole


def loss_curve(
    history: History | Sequence[float] | NDArray[Any], *, title: str | None = None
) -> Figure:
    """Draw the loss of every mini-batch and its running mean; below it, the accuracies by epoch.

    Args:
        history: A History, or the losses alone.
        title: Above the plot.

    Returns:
        A matplotlib Figure, made without a display.
    """
    from matplotlib.figure import Figure

    losses = np.asarray(getattr(history, "losses", history), dtype=float)
    epochs: list[dict[str, Any]] = list(getattr(history, "epochs", []))
    if losses.ndim != 1 or losses.size == 0:
        raise ValueError(f"loss_curve: losses must be a list of numbers, got shape {losses.shape}")
    if not np.isfinite(losses).all():
        raise ValueError("loss_curve: losses must be finite, got NaN or infinity")
    two = len(epochs) > 1  # one epoch is a point, not a curve
    figure = Figure(figsize=(8, 6 if two else 4), dpi=120, layout="constrained")
    axes = figure.subplots(
        2 if two else 1, 1, squeeze=False, sharex=True, height_ratios=[2, 1][: 1 + two]
    )[:, 0]
    _draw_losses(axes[0], losses)
    if two:
        _draw_accuracies(axes[1], epochs)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.3)
    axes[-1].set_xlim(0, 1.01 * losses.size)
    axes[-1].set_xlabel("mini-batch")
    if title:
        axes[0].set_title(title)
    return figure


def _draw_losses(axes: Axes, losses: NDArray[np.float64]) -> None:
    """Draw every loss faintly, and the mean around it strongly."""
    steps = np.arange(1, losses.size + 1)
    window = min(50, max(1, losses.size // 10))
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    middle = steps[: mean.size] + (window - 1) / 2
    highest = float(np.quantile(losses, 0.999))  # the first few losses may be many times the rest
    axes.plot(steps, losses, color=_BLUE, alpha=0.35, lw=0.7, label="every mini-batch")
    dot = "o" if losses.size == 1 else ""  # a line needs two points
    axes.plot(middle, mean, color=_BLUE, lw=1.8, marker=dot, label=f"mean of {window}")
    axes.set(ylabel="training loss of a mini-batch", ylim=(0, 1.05 * highest or 1))
    axes.legend(frameon=False)


def _draw_accuracies(axes: Axes, epochs: list[dict[str, Any]]) -> None:
    """Draw training and, if there is one, validation accuracy at the end of every epoch."""
    for kind, name, colour in (
        ("train", "training", _BLUE),
        ("valid", "validation", _ORANGE),
    ):
        values = [
            100 * epoch[f"{kind}_accuracy"] for epoch in epochs if f"{kind}_accuracy" in epoch
        ]
        if values:
            label = f"{name}, {values[-1]:.2f} % after epoch {epochs[-1]['epoch']}"
            axes.plot([e["step"] for e in epochs], values, "o-", color=colour, label=label)
    axes.set(ylabel="accuracy (%)")
    axes.legend(frameon=False, loc="lower right")
