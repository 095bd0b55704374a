"""Curves: the numbers of a training go in, a plot comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .theme import FAMILY, THEMES, Colour, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .figure import Figure

_WINDOW = 50  # mini-batches of a running mean, at most
_MOST_POINTS = 10_000  # of a line: ten for every pixel across


def loss_curve(
    history: Any,
    *,
    title: str | None = None,
    log: bool = False,
    theme: str = "light",
) -> Figure:
    """Draw the loss per sample of every mini-batch and its running mean; below it, the accuracies.

    Args:
        history: A History; what has one, as a Recorder or a Network after fit(); or losses alone.
        title: Above the plot.
        log: Draw mini-batches on a logarithmic axis: most is learned at the beginning.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure, made without a display, which a notebook shows.
    """
    from .figure import Figure

    history = getattr(history, "history", history)
    losses = _losses_of(history)
    log = checks.flag("loss_curve", "log", log)
    if title is not None and not isinstance(title, str):
        raise TypeError(f"loss_curve: title must be text, got {checks.shown(title)}")
    look = THEMES[checks.choice("loss_curve", "theme", theme, tuple(THEMES))]
    epochs: list[dict[str, Any]] = list(getattr(history, "epochs", []))
    two = len(epochs) > 1  # one epoch is a point, not a curve
    figure = Figure(figsize=(8, 6 if two else 4), dpi=120, layout="constrained",
                    facecolor=rgb(look.paper))  # fmt: skip
    axes = figure.subplots(
        2 if two else 1, 1, squeeze=False, sharex=True, height_ratios=[2, 1][: 1 + two]
    )[:, 0]
    _draw_losses(axes[0], losses, look)
    if two:
        _draw_accuracies(axes[1], epochs, getattr(history, "classes", None), look)
    if log:
        axes[-1].set_xscale("log")
    axes[-1].set_xlim(0.9 if log else 0, 1.01 * losses.size)
    axes[-1].xaxis.set_major_formatter("{x:,.0f}")
    axes[-1].set_xlabel("mini-batch")
    if title:
        axes[0].set_title(title)
    for ax in axes:
        dress(ax, look)
    figure.description = _describe(losses, epochs)
    return figure


def _describe(losses: NDArray[np.float64], epochs: list[dict[str, Any]]) -> str:
    """Tell in a sentence how the losses went, and the accuracies."""
    window = min(_WINDOW, max(1, losses.size // 10))
    first, last = losses[:window].mean(), losses[-window:].mean()
    went = f"from {first:.3g} to {last:.3g}" if losses.size > 1 else f"{first:.3g}"
    told = [f"training loss per sample {went} over {losses.size:,} mini-batches"]
    for kind, name in (("train", "training"), ("valid", "validation")):
        values = [epoch[f"{kind}_accuracy"] for epoch in epochs if f"{kind}_accuracy" in epoch]
        if values:
            told.append(f"{name} accuracy {values[-1]:.1%} after epoch {epochs[-1]['epoch']}")
    return ", ".join(told)


def rgb(colour: Colour) -> str:
    """Return a colour as matplotlib takes it."""
    return f"#{bytes(colour).hex()}"


def dress(axes: Axes, look: Theme) -> None:
    """Give a plot the colours and the font of the theme, whatever the user's own settings are."""
    ink, paper = rgb(look.ink), rgb(look.paper)
    axes.set_facecolor(paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(rgb(look.muted))
    axes.grid(axis="y", color=rgb(look.muted), alpha=0.3)
    axes.tick_params(which="both", color=rgb(look.muted), labelcolor=ink, labelfontfamily=FAMILY)
    legend = axes.get_legend()
    texts = [
        axes.title,
        axes.xaxis.label,
        axes.yaxis.label,
        *(legend.get_texts() if legend else []),
    ]
    for text in texts:
        text.set(color=ink, family=FAMILY)


def _losses_of(history: Any) -> NDArray[np.float64]:
    """Return the losses per sample of a History, or losses as they are."""
    given = getattr(history, "sample_losses", None) or getattr(history, "losses", history)
    losses = checks.numbers("loss_curve", "losses", given).astype(np.float64)
    if losses.ndim != 1 or losses.size == 0:
        raise ValueError(f"loss_curve: losses must be a list of numbers, got shape {losses.shape}")
    if not np.isfinite(losses).all():
        raise ValueError("loss_curve: losses must be finite, got NaN or infinity")
    return losses


def _draw_losses(axes: Axes, losses: NDArray[np.float64], look: Theme) -> None:
    """Draw every loss faintly, and the mean around it strongly."""
    steps = np.arange(1, losses.size + 1)
    window = min(_WINDOW, max(1, losses.size // 10))
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    middle = steps[: mean.size] + (window - 1) / 2
    highest = float(np.quantile(losses, 0.999))  # the first few losses may be many times the rest
    axes.plot(
        *_envelope(steps, losses),
        color=rgb(look.first),
        alpha=0.35,
        lw=0.7,
        label="every mini-batch",
    )
    dot = "o" if losses.size == 1 else ""  # a line needs two points
    if window > 1 or dot:
        label = f"mean of {window}" if window > 1 else None
        axes.plot(*_envelope(middle, mean), color=rgb(look.first), lw=1.8, marker=dot, label=label)
    axes.set(ylabel="training loss per sample", ylim=(0, 1.05 * highest or 1))
    axes.legend(frameon=False)


def _envelope(x: NDArray[Any], y: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return few points that draw the same line: of every block its lowest and its highest."""
    if y.size <= _MOST_POINTS:
        return x, y
    block = 2 * -(-y.size // _MOST_POINTS)
    whole = y.size // block * block  # what is left over are points of their own
    blocks = y[:whole].reshape(-1, block)
    extremes = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1).ravel()
    ends = x[:whole].reshape(-1, block)[:, [0, -1]].ravel()
    return np.append(ends, x[whole:]), np.append(extremes, y[whole:])


def _draw_accuracies(
    axes: Axes, epochs: list[dict[str, Any]], classes: int | None, look: Theme
) -> None:
    """Draw training and, if there is one, validation accuracy at the end of every epoch.

    The axis goes from 0 to 100 %, with a line where guessing is, so that no failure looks lively.
    """
    for kind, name, colour in (
        ("train", "training", look.first),
        ("valid", "validation", look.second),
    ):
        values = [
            100 * epoch[f"{kind}_accuracy"] for epoch in epochs if f"{kind}_accuracy" in epoch
        ]
        if values:
            label = f"{name}, {values[-1]:.2f} % after epoch {epochs[-1]['epoch']}"
            axes.plot([e["step"] for e in epochs], values, "o-", color=rgb(colour), label=label)
    if classes:
        chance = 100 / classes
        axes.axhline(
            chance, color=rgb(look.muted), lw=1, ls="--", label=f"guessing, {chance:.3g} %"
        )
    axes.set(ylabel="accuracy (%)", ylim=(0, 102))
    axes.legend(frameon=False, loc="center right")
