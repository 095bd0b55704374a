"""Results as bars: how many times as fast as the others cutaway is, one panel per section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OWN, _OTHER, _INK = "#d1761f", "#b9c3cf", "#30363d"
_TITLES = {
    "lesson9": "lesson 9: an epoch",
    "lesson5": "lesson 5: an epoch",
    "wide": "784-1024-1024-10: 50 steps",
    "matmul": "matrix products, cutaway against the fastest other",
    "peak": "GFLOP/s of one thread",
    "job": "the whole job",
    "start": "from the start of a process",
}
_LABELS = {
    "tutorial": "the tutorial's loop",
    "numpy": "NumPy",
    "torch": "PyTorch",
    "jax": "JAX",
    "sklearn": "scikit-learn",
}

Bar = tuple[str, float, str, bool]  # label, length, what stands beside it, is it cutaway's


def plot(result: dict[str, Any]) -> Figure:
    """Draw what run() measured.

    Returns:
        A matplotlib Figure, made without a display.
    """
    from matplotlib.figure import Figure

    panels = {name: _bars(name, section) for name, section in result["sections"].items()}
    heights = [len(bars) + 1.6 for bars in panels.values()]
    figure = Figure(figsize=(8, 0.28 * sum(heights) + 0.5), dpi=150, layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, (name, bars) in zip(axes, panels.items(), strict=True):
        _draw(ax, _TITLES[name], bars)
    return figure


def _bars(name: str, section: dict[str, Any]) -> list[Bar]:
    if name == "matmul":
        return [
            (
                " x ".join(map(str, size["size"])),
                size["ratio_to_best_peer"] or 1,
                f"{size['ratio_to_best_peer'] or 1:.2f}x {_LABELS.get(size['best_peer'], '')}",
                True,
            )
            for size in section["sizes"]
        ]
    if name == "peak":
        peak, dense = section["peak_gflops"], section["dense_gflops"]
        return [
            ("lesson 9", dense, f"{dense:.0f}, {section['efficiency']:.0%} of the peak", True),
            ("the peak", peak, f"{peak:.0f}", False),
        ]
    if name == "job":
        labels = {"whole_job": "training, pictures, film", "encoding": "encoding the film alone"}
        return [
            (labels[n], s, f"{s:.1f} s", n == "whole_job") for n, s in section["seconds"].items()
        ]
    if name == "start":
        seconds = {f"import {n}": s for n, s in section["import"]["seconds"].items()}
        recipe = section["train"]["recipe"]
        seconds |= {f"{recipe}: {n}": s for n, s in section["train"]["seconds"].items()}
        return [(n, s, f"{s * 1e3:.0f} ms", n.endswith("cutaway")) for n, s in seconds.items()]
    return [
        (_LABELS.get(n, n), s, _beside(s, section["ratios"].get(n)), n == "cutaway")
        for n, s in sorted(section["seconds"].items(), key=lambda item: item[1])
    ]


def _beside(seconds: float, ratio: float | None) -> str:
    return f"{seconds * 1e3:.0f} ms" + (f", {ratio:.1f} times as long" if ratio else "")


def _draw(ax: Axes, title: str, bars: list[Bar]) -> None:
    labels, lengths, beside, own = zip(*bars, strict=True)
    colors = [_OWN if mine else _OTHER for mine in own]
    drawn = ax.barh(range(len(bars)), lengths, color=colors, height=0.72)
    ax.bar_label(drawn, beside, padding=4, fontsize=8, color=_INK)
    ax.set_yticks(range(len(bars)), labels, fontsize=8, color=_INK)
    ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=_INK)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.3 * max(lengths))
    ax.xaxis.set_visible(False)
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
