"""Results as bars, one panel per section: cutaway's stand out."""

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
    "matmul": "matrix products, against the fastest other",
    "peak": "GFLOP/s of one thread",
    "job": "the whole job",
    "start": "from the start of a process",
}
_LABELS = {
    "tutorial": "the tutorial's loop",
    "cpu": "cutaway on the CPU",
    "numpy": "NumPy",
    "torch": "PyTorch",
    "torch-graph": "PyTorch, CUDA graph",
    "jax": "JAX",
    "sklearn": "scikit-learn",
}
_GAP = 1.8  # in bars: between two panels
_IN_ONE_COLUMN = 3  # panels

Bar = tuple[str, float, str, bool]  # label, length, what stands beside it, is it cutaway's


def plot(result: dict[str, Any]) -> Figure:
    """Draw what run() measured.

    Returns:
        A matplotlib Figure, made without a display.
    """
    from matplotlib.figure import Figure

    panels = {name: _bars(name, section) for name, section in result["sections"].items()}
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
            _draw(ax, _TITLES[name], panels[name], space)
            if name == "matmul" and result["sections"][name]["sizes"][0]["best_peer"]:
                ax.axvline(1, color=_INK, lw=0.8, ls=":", zorder=0)
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


def _bars(name: str, section: dict[str, Any]) -> list[Bar]:
    if name == "matmul":
        return [_product(size) for size in section["sizes"]]
    seconds = section["seconds"] if name != "start" else section["import"]["seconds"]
    if name == "peak":
        peak, dense = section["peak_gflops"], section["dense_gflops"]
        return [
            ("lesson 9", dense, f"{dense:.0f}, {section['efficiency']:.0%} of the peak", True),
            ("the peak", peak, f"{peak:.0f}", False),
        ]
    if name == "job":
        whole, alone = seconds["whole_job"], seconds["encoding"]
        return [
            ("training, pictures, film", whole, f"{whole:.1f} s, {section['ratio']:.2f}x", True),
            ("encoding the film alone", alone, f"{alone:.1f} s", False),
        ]
    if name == "start":
        recipe, trained = section["train"]["recipe"], section["train"]["seconds"]
        both = {f"import {who}": s for who, s in seconds.items()}
        both |= {f"{recipe}: {_LABELS.get(who, who)}": s for who, s in trained.items()}
        return [(n, s, f"{s * 1e3:.0f} ms", n.endswith("cutaway")) for n, s in both.items()]
    return [
        (_LABELS.get(n, n), s, _beside(s, section["ratios"].get(n)), n == "cutaway")
        for n, s in sorted(seconds.items(), key=lambda item: item[1])
    ]


def _product(size: dict[str, Any]) -> Bar:
    label, best, own = " x ".join(map(str, size["size"])), size["best_peer"], size["gflops"]
    if best is None:
        return label, own["cutaway"], f"{own['cutaway']:.1f} GFLOP/s", True
    ratio = size["ratio_to_best_peer"]
    return label, ratio, f"{ratio:.2f}x {_LABELS[best]}", True


def _beside(seconds: float, ratio: float | None) -> str:
    ms = seconds * 1e3
    return f"{ms:.{0 if ms >= 10 else 1}f} ms" + (f", {ratio:.1f}x" if ratio else "")


def _draw(ax: Axes, title: str, bars: list[Bar], rows: float) -> None:
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
