"""`cutaway info`: what cutaway found on this machine."""

from __future__ import annotations

import platform
import textwrap

import click
import numpy as np

from ..backend.choose import cuda_status, isa
from ..threads import default_threads
from ..version import __version__
from .terminal import plain


@click.command("info")
def command() -> int:
    """Show what cutaway found on this machine."""
    status = cuda_status()
    rows = {
        "cutaway": __version__,
        "python": f"{platform.python_version()} ({platform.machine()}, {platform.system()})",
        "numpy": np.__version__,
        "backends": "cpu, numpy, cuda" if status.usable else "cpu, numpy",
        "instruction set": isa(),
        "threads": str(default_threads()),
        "cuda": status.text,
    }
    for name, value in rows.items():
        lines = textwrap.wrap(plain(value), 80, break_long_words=False, break_on_hyphens=False)
        print("\n".join(f"{'' if i else name:16} {line}" for i, line in enumerate(lines)))
    return 0
