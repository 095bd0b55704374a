"""Results as bars, one panel per section: cutaway's stand out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .section import Bar, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OWN, _OTHER, _INK = "#d1761f", "#b9c3cf", "#30363d"
_GAP = 1.8  # in bars: between two panels
_IN_ONE_COLUMN = 3  # panels


def draw(result: dict[str, Any], sections: Mapping[str, Section]) -> Figure:
    """Draw what run() measured.

    Returns:
        A matplotlib Figure, made without a display.
    """
    from matplotlib.figure import Figure

    panels = {name: sections[name].bars(part) for name, part in result["sections"].items()}
    columns = _columns(panels)
    height = max(sum(_height(panels[name]) for name in names) for names in columns)
    figure = Figure((6.4 * len(columns), 0.26 * height + 0.6), dpi=150, layout="constrained")
    figure.suptitle(_caption(result), x=0.01, ha="left", fontsize=9, color=_INK)
    parts = figure.subfigures(1, len(columns), squeeze=False)[0]
    for part, names in zip(parts, columns, strict=True):
        rows = [float(len(panels[name])) for name in names]
        rows[-1] += height - sum(_height(panels[name]) for name in names)  # else thicker bars
        axes = part.subplots(len(names), 1, squeeze=False, height_ratios=rows)[:, 0]
        for ax, name, space in zip(axes, names, rows, strict=True):
            _draw_panel(ax, sections[name].title, panels[name], space)
            line = sections[name].line(result["sections"][name])
            if line is not None:
                ax.axvline(line, color=_INK, lw=0.8, ls=":", zorder=0)
    return figure


def _columns(panels: dict[str, list[Bar]]) -> list[list[str]]:
    """Spread panels over one column, or two of about the same height."""
    names = list(panels)
    if len(names) <= _IN_ONE_COLUMN:
        return [names]
    heights = [_height(bars) for bars in panels.values()]
    cuts = range(1, len(names))
    cut = min(cuts, key=lambda i: max(sum(heights[:i]), sum(heights[i:])))
    return [names[:cut], names[cut:]]


def _height(bars: list[Bar]) -> float:
    return len(bars) + _GAP


def _caption(result: dict[str, Any]) -> str:
    threads = f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"
    where = f"{threads} each, {result['isa']}"
    if result["gpu"]:
        where = result["gpu"].partition(" (")[0]  # its name, of all that is told of it
    return f"cutaway {result['version']}, {where}; contenders in turn, medians"


def _draw_panel(ax: Axes, title: str, bars: list[Bar], rows: float) -> None:
    """Draw a panel with space for `rows` bars."""
    labels, lengths, beside, own = zip(*bars, strict=True)
    colors = [_OWN if mine else _OTHER for mine in own]
    drawn = ax.barh(range(len(bars)), lengths, color=colors, height=0.72)
    for text in ax.bar_label(drawn, beside, padding=4, fontsize=8, color=_INK):
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.set_yticks(range(len(bars)), labels, fontsize=8, color=_INK)
    ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=_INK)
    ax.set_ylim(rows - 0.5, -0.5)
    ax.set_xlim(0, 1.35 * max(lengths))
    ax.xaxis.set_visible(False)
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
