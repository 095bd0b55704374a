"""Sweep: the numbers of many trainings go in; curves with a band over seeds, or a heat map, come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .curves import dress, rgb
from .theme import FAMILY, THEMES, Colour, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .figure import Figure

F64 = NDArray[np.float64]
_MOST_LINES = 6  # that colours tell apart
_PANEL = (4.6, 6.4)  # inches


@dataclass(kw_only=True)
class Bundle:
    """Trainings that differ in their seeds alone.

    Attributes:
        name: What a legend says: "lr 0.01".
        panel: The plot that they belong to, by its title.
        steps: (points,): mini-batches, rising.
        losses: (trainings, points): training losses per sample at these, without those that failed.
        ends: (epochs,): the last mini-batch of each epoch.
        accuracies: (trainings, epochs): on the validation set, 0 to 1.
        failed: How many more there are, which failed.
    """

    name: str
    panel: str = ""
    steps: Sequence[int] = ()
    losses: ArrayLike = ()
    ends: Sequence[int] = ()
    accuracies: ArrayLike = field(default=())
    failed: int = 0

    @property
    def best(self) -> float:
        """The median accuracy at the end, below 0 if all failed."""
        values = np.asarray(self.accuracies, float)
        return float(np.median(values[:, -1])) if values.size else -1.0


def sweep_curves(bundles: Sequence[Bundle], *, theme: str = "light") -> Figure:
    """Draw training loss and validation error of trainings: the median over seeds, and from least to most.

    Args:
        bundles: To draw; of more than six names, the best six have a colour.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure, made without a display.
    """
    from .figure import Figure

    look = THEMES[theme]
    panels = list(dict.fromkeys(bundle.panel for bundle in bundles))
    size = (max(8, _PANEL[0] * len(panels)), _PANEL[1])
    figure = Figure(figsize=size, dpi=120, layout="constrained", facecolor=rgb(look.paper))
    axes = figure.subplots(2, len(panels), squeeze=False, sharex="row", sharey="row")
    colours = _colours(bundles, look)
    for column, panel in enumerate(panels):
        own = [bundle for bundle in bundles if bundle.panel == panel]
        for place, bundle in reversed([*enumerate(own)]):
            aside = (place + 0.5) / len(own) - 0.5  # where one epoch is all there is
            _draw(axes[:, column], bundle, colours.get(bundle.name), aside, look)
        _tell_failures(axes[0, column], own, look)
        axes[0, column].set_title(panel, fontsize=11)
        axes[0, column].set_xlabel("mini-batch")
        axes[1, column].set_xlabel("after epoch")
    most = max((len(bundle.ends) for bundle in bundles), default=1)
    axes[0, 0].set_xscale("log")
    axes[1, 0].set(xlim=(0.5, most + 0.5), xticks=np.unique(np.linspace(1, most, 6).astype(int)))
    for ax in axes.flat:
        ax.set_yscale("log")
        dress(ax, look)
    axes[0, 0].set_ylabel("training loss per sample")
    axes[1, 0].set_ylabel("validation error (%)")
    axes[1, 0].set_ylim(top=100)
    for ax in axes[:, 0]:
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(_few)
    axes[0, 0].xaxis.set_major_formatter("{x:,.0f}")
    _legend(figure, bundles, colours, look)
    figure.description = _describe(bundles)
    return figure


def _few(value: float, _: int) -> str:
    """Return the label of a minor tick: of 2 and 5 only."""
    first = f"{value:e}"[0]
    return f"{value:g}" if first in "25" else ""


def _colours(bundles: Sequence[Bundle], look: Theme) -> dict[str, Colour]:
    """Return a colour by name: of all if there are enough, else of the best."""
    names = list(dict.fromkeys(bundle.name for bundle in bundles))
    if len(names) > _MOST_LINES:
        best = sorted(bundles, key=lambda bundle: -bundle.best)
        names = list(dict.fromkeys(bundle.name for bundle in best))[:_MOST_LINES]
    return dict(zip(names, (look.first, look.second, *look.more), strict=False))


def _draw(axes: Any, bundle: Bundle, colour: Colour | None, aside: float, look: Theme) -> None:
    """Draw a bundle in both of its plots, of losses and of errors."""
    ink, thin = rgb(colour or look.gap), colour is None
    epochs = range(1, len(bundle.ends) + 1) if len(bundle.ends) > 1 else [1 + aside]
    for ax, steps, values in (
        (axes[0], bundle.steps, np.asarray(bundle.losses, float)),
        (axes[1], epochs, 100 * (1 - np.asarray(bundle.accuracies, float))),
    ):
        if not values.size:
            continue
        middle, low, high = np.median(values, axis=0), values.min(axis=0), values.max(axis=0)
        if len(steps) == 1:  # a point has no band
            sides = np.stack([middle - low, high - middle])  # a list warns in matplotlib 3.8
            ax.errorbar(steps, middle, sides, fmt="o", color=ink, capsize=4)
            continue
        if len(values) > 1 and not thin:
            ax.fill_between(steps, low, high, color=ink, alpha=0.22, lw=0)
        mark = "o" if ax is axes[1] and not thin else ""
        ax.plot(steps, middle, color=ink, lw=0.8 if thin else 1.8, marker=mark, ms=4)


def _tell_failures(ax: Axes, bundles: Sequence[Bundle], look: Theme) -> None:
    """Say which are not drawn, or not all."""
    failed = [f"{bundle.name}: {bundle.failed} failed" for bundle in bundles if bundle.failed]
    more = [f"and {len(failed) - _MOST_LINES} more"] if len(failed) > _MOST_LINES else []
    text = "\n".join([*failed[:_MOST_LINES], *more])
    ax.text(0.98, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=9,
            color=rgb(look.muted), family=FAMILY)  # fmt: skip


def _legend(
    figure: Any, bundles: Sequence[Bundle], colours: dict[str, Colour], look: Theme
) -> None:
    """Say below all which colour is what, and what line and band are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=rgb(colour), lw=2.5, label=name) for name, colour in colours.items()
    ]
    if len({bundle.name for bundle in bundles}) > len(colours):
        handles.append(Line2D([], [], color=rgb(look.gap), lw=0.8, label="the others"))
    most = max(len(np.asarray(bundle.losses)) for bundle in bundles)
    if most > 1:
        band = f"median, and least to most, of {most} seeds"
        handles.append(Patch(facecolor=rgb(look.muted), alpha=0.35, lw=0, label=band))
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set(color=rgb(look.ink), family=FAMILY)


def _describe(bundles: Sequence[Bundle]) -> str:
    """Tell in a sentence which are best and worst, and which failed."""
    ordered = sorted(bundles, key=lambda bundle: -bundle.best)
    told = [f"training loss and validation error of {len(bundles)} kinds of training"]
    for word, bundle in (("best", ordered[0]), ("worst", ordered[-1])):
        if bundle.best >= 0 and len(ordered) > 1:
            name = ", ".join(part for part in (bundle.panel, bundle.name) if part)
            told.append(f"{word}: {name}, {bundle.best:.2%} right")
    if failed := sum(bundle.failed for bundle in bundles):
        told.append(f"{failed} failed")
    return "; ".join(told)


def heat_map(
    accuracies: Sequence[Sequence[Sequence[float]]],
    *,
    names: tuple[str, str],
    rows: Sequence[str],
    columns: Sequence[str],
    theme: str = "light",
) -> Figure:
    """Draw what two settings do together: the median accuracy over seeds as colour and number.

    Colours go by the logarithm of the error, so that good ones are told apart, too.

    Args:
        accuracies: Of each row's each column the accuracies of its seeds, 0 to 1; none where all failed.
        names: Of the settings of rows and columns.
        rows: The values of the first.
        columns: The values of the second.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure, made without a display.
    """
    from .figure import Figure

    look = THEMES[theme]
    shape = len(rows), len(columns)
    middle = np.array([[np.median(c) if len(c) else np.nan for c in row] for row in accuracies])
    size = (max(4.6, 1.6 + 1.35 * shape[1]), max(3.2, 1.5 + 0.85 * shape[0]))
    figure = Figure(figsize=size, dpi=120, layout="constrained", facecolor=rgb(look.paper))
    ax = figure.subplots()
    shares = _shares(middle)
    ax.imshow(_ramp(shares, look), aspect="auto")
    best = None if np.isnan(middle).all() else np.unravel_index(np.nanargmax(middle), shape)
    for place in np.ndindex(shape):
        _cell(ax, place, accuracies[place[0]][place[1]], float(shares[place]), place == best, look)
    ax.set_xticks(range(shape[1]), columns)
    ax.set_yticks(range(shape[0]), rows)
    ax.set(xlabel=names[1], ylabel=names[0])
    most = max(len(cell) for row in accuracies for cell in row)
    over = f"\nmedian of {most} seeds, and least to most" if most > 1 else ""
    ax.set_title(f"validation accuracy{over}", fontsize=10)
    dress(ax, look)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    figure.description = _describe_heat(middle, names, rows, columns)
    return figure


def _shares(middle: F64) -> F64:
    """Return where each stands between the worst, 0, and the best, 1; NaN where all failed."""
    good = -np.log(np.maximum(1 - middle, 1e-4))
    low, high = (np.nanmin(good), np.nanmax(good)) if np.isfinite(good).any() else (0.0, 1.0)
    shares: F64 = (
        (good - low) / (high - low) if high > low else np.where(np.isnan(good), np.nan, 0.5)
    )
    return shares


def _ramp(shares: F64, look: Theme) -> NDArray[np.uint8]:
    """Return colours (rows, columns, 3) from near the paper to the theme's blue."""
    paper, full = np.array(look.paper, float), np.array(look.first, float)
    part = np.nan_to_num(0.08 + 0.92 * shares, nan=0.0)[..., np.newaxis]
    return np.asarray(np.rint(paper + part * (full - paper)), np.uint8)


def _readable(ground: NDArray[np.uint8], look: Theme) -> Colour:
    """Return the theme's ink or paper, whichever is farther from a colour in luminance."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    light = {
        text: ((np.array(text) / 255) ** 2.2 @ weights) + 0.05 for text in (look.ink, look.paper)
    }
    own = ((ground / 255) ** 2.2 @ weights) + 0.05
    return max(light, key=lambda text: max(light[text] / own, own / light[text]))


def _cell(
    ax: Axes,
    place: tuple[int, ...],
    values: Sequence[float],
    share: float,
    best: bool,
    look: Theme,
) -> None:
    """Write a cell's numbers, and a frame around the best."""
    row, column = place
    strong = _readable(_ramp(np.array([[share]]), look)[0, 0], look)
    about: dict[str, Any] = dict(ha="center", va="center", family=FAMILY)
    if not len(values):
        ax.text(column, row, "failed", color=rgb(look.muted), fontsize=10, **about)
        return
    several = len(values) > 1
    weight = "bold" if best else "normal"
    ax.text(column, row - 0.12 * several, f"{np.median(values):.2%}", color=rgb(strong),
            fontsize=12, weight=weight, **about)  # fmt: skip
    if several:
        text = f"{100 * min(values):.1f} to {100 * max(values):.1f}"
        ax.text(column, row + 0.22, text, color=rgb(strong), fontsize=8, **about)
    if best:
        from matplotlib.patches import Rectangle

        frame = Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, fill=False,
                          edgecolor=rgb(look.second), lw=2.5)  # fmt: skip
        ax.add_patch(frame)


def _describe_heat(
    middle: F64, names: tuple[str, str], rows: Sequence[str], columns: Sequence[str]
) -> str:
    told = f"validation accuracy by {names[0]} and {names[1]}"
    if np.isnan(middle).all():
        return f"{told}: all failed"
    row, column = map(int, np.unravel_index(np.nanargmax(middle), middle.shape))
    best = f"{names[0]} {rows[row]}, {names[1]} {columns[column]}"
    return f"{told}: best {middle[row, column]:.2%} with {best}; worst {np.nanmin(middle):.2%}"
