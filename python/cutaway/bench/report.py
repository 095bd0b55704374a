"""Results as a table for people: one block per section, aligned, within 100 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .libraries import PIP, short_name
from .section import Row, Section

_BUSY = 0.5  # load of the machine before anything ran, from which on it is worth a word


def as_text(result: dict[str, Any], sections: Mapping[str, Section]) -> str:
    """Return what run() measured, as text."""
    blocks = [_head(result)]
    for name, part in result["sections"].items():
        lines = _lines(sections[name].rows(part))
        title = f"{name}: {part['what']}; median of {part['rounds']}"
        blocks.append("\n".join([title, *(f"  {line}" for line in lines)]))
    return "\n\n".join(blocks)


def _head(result: dict[str, Any]) -> str:
    rows: list[Row] = [["", "version", "threads"]]
    for name, facts in result["contenders"].items():
        version = f"NumPy {facts['version']}" if name == "tutorial" else facts["version"]
        rows.append([short_name(name), version, str(facts["threads"] or "?")])
    lines = [f"cutaway {result['version']} on {result['isa']}, contenders in turn"]
    if result["gpu"]:
        lines.append(f"GPU: {result['gpu']}")
    lines += [f"  {line}" for line in _lines(rows)]
    if absent := result["not_installed"]:
        packages = " ".join(PIP[name] for name in absent)
        lines.append(f"not installed: {', '.join(absent)} (pip install {packages})")
    if unable := result["without_gpu"]:
        lines.append(f"installed, but cannot use the GPU: {', '.join(unable)}")
    if result["load"] > _BUSY:
        lines.append(f"others may have disturbed these times: the load was {result['load']} before")
    return "\n".join(lines)


def _lines(rows: list[Row]) -> list[str]:
    """Align cells, the first column to the left, the others to the right; sentences follow."""
    cells = [row for row in rows if not isinstance(row, str)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    aligned = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return aligned + [row for row in rows if isinstance(row, str)]
