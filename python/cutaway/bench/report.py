"""Results as a table for people: one block per section, aligned, within 100 columns."""

from __future__ import annotations

import statistics
from typing import Any

from .libraries import PIP

_NAMES = {"cpu": "cutaway, CPU", "torch-graph": "torch, CUDA graph"}
_BUSY = 0.5  # load of the machine before anything ran, from which on it is worth a word


def table(result: dict[str, Any]) -> str:
    """Return what run() measured, as text."""
    blocks = [_head(result)]
    for name, section in result["sections"].items():
        lines = _BLOCKS.get(name, _epoch)(section)
        title = f"{name}: {section['what']}; median of {section['rounds']}"
        blocks.append("\n".join([title, *(f"  {line}" for line in lines)]))
    return "\n\n".join(blocks)


def _head(result: dict[str, Any]) -> str:
    rows = [["", "version", "threads"]]
    for name, facts in result["contenders"].items():
        version = f"NumPy {facts['version']}" if name == "tutorial" else facts["version"]
        rows.append([_NAMES.get(name, name), version, str(facts["threads"] or "?")])
    lines = [f"cutaway {result['version']} on {result['isa']}, contenders in turn"]
    if result["gpu"]:
        lines.append(f"GPU: {result['gpu']}")
    lines += [f"  {line}" for line in _columns(rows)]
    if absent := result["not_installed"]:
        packages = " ".join(PIP[name] for name in absent)
        lines.append(f"not installed: {', '.join(absent)} (pip install {packages})")
    if unable := result["without_gpu"]:
        lines.append(f"installed, but cannot use the GPU: {', '.join(unable)}")
    if result["load"] > _BUSY:
        lines.append(f"others may have disturbed these times: the load was {result['load']} before")
    return "\n".join(lines)


def _epoch(section: dict[str, Any]) -> list[str]:
    cold = section.get("cold")  # on a GPU only
    rows = [["", "ms", *(["cold ms"] if cold else []), "cutaway is", "accuracy"]]
    for name, seconds in sorted(section["seconds"].items(), key=lambda item: item[1]):
        rows.append(
            [
                _NAMES.get(name, name),
                f"{seconds * 1e3:.1f}",
                *([f"{cold[name] * 1e3:.0f}"] if cold else []),
                _times_as_fast(section["ratios"].get(name)),
                f"{section['accuracy'][name]:.2%}",
            ]
        )
    lines = _columns(rows)
    if cold:
        lines.append("cold: a first epoch in its process, with the start of the GPU and all copies")
    return lines


def _times_as_fast(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} times as fast"


def _products(section: dict[str, Any]) -> list[str]:
    names = list(section["sizes"][0]["gflops"])
    rows = [["B x M x K x N", *names, "cutaway is"]]
    against = []
    for size in section["sizes"]:
        row = [" x ".join(map(str, size["size"]))]
        row += [f"{size['gflops'][name]:.1f}" for name in names]
        if best := size["best_peer"]:
            against.append(size["ratio_to_best_peer"])
            row.append(f"{against[-1]:.2f} times {best}")
        rows.append([*row, *[""] * (len(rows[0]) - len(row))])
    lines = _columns(rows)
    if against:
        lines.append(
            f"against the fastest other: {min(against):.2f} to {max(against):.2f} times as fast, "
            f"median {statistics.median(against):.2f}"
        )
    return lines


def _peak(section: dict[str, Any]) -> list[str]:
    rows = [
        ["peak of one thread", f"{section['peak_gflops']:.1f} GFLOP/s", ""],
        [
            "lesson 9, one thread",
            f"{section['dense_gflops']:.1f} GFLOP/s",
            f"{section['efficiency']:.1%} of the peak",
        ],
    ]
    for kind, ratio in section.get("speedup", {}).items():
        images = "without zeros" if kind == "dense" else "of MNIST"
        label = f"{section['threads']} threads against 1, images {images}"
        rows.append([label, f"{ratio:.2f} times as fast", ""])
    return _columns(rows)


def _job(section: dict[str, Any]) -> list[str]:
    return _columns(
        [
            ["encoding alone", f"{section['seconds']['encoding']:.2f} s", ""],
            [
                "whole job",
                f"{section['seconds']['whole_job']:.2f} s",
                f"{section['ratio']:.2f} times as long",
            ],
            ["its peak memory", f"{section['megabytes']:.0f} MB", ""],
        ]
    )


def _start(section: dict[str, Any]) -> list[str]:
    imports, training = section["import"], section["train"]
    rows = [["import numpy", f"{imports['seconds']['numpy'] * 1e3:.0f} ms", "", ""]]
    rows.append(
        [
            "import cutaway",
            f"{imports['seconds']['cutaway'] * 1e3:.0f} ms",
            f"{imports['ratio']:.2f} times as long",
            "",
        ]
    )
    for name, seconds in training["seconds"].items():
        who = f"cutaway train --recipe {training['recipe']}" if name == "cutaway" else name
        ratio = training["ratios"].get(name)
        rows.append(
            [
                who if name == "cutaway" else f"{who}, the same net",
                f"{seconds * 1e3:.0f} ms",
                "" if ratio is None else f"{ratio:.2f} times as long",
                f"test accuracy {training['accuracy'][name]:.2%}",
            ]
        )
    return _columns(rows)


_BLOCKS = {"matmul": _products, "peak": _peak, "job": _job, "start": _start}


def _columns(rows: list[list[str]]) -> list[str]:
    """Align rows: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
