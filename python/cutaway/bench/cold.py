"""A process of its own: prints the seconds of a contender's first epoch, with all that it takes.

Loading the library and the data is not counted; starting the GPU, copying and compiling are.
"""

from __future__ import annotations

import sys
import time

from .epochs import make_peers
from .libraries import PIP, library_of, load


def first_epoch(section: str, contender: str, threads: int, backend: str) -> float:
    """Return the seconds from making the contender to the end of its first epoch."""
    if library_of(contender) in PIP:
        load(library_of(contender))
    make_peers(section, (), threads, backend)  # which reads the data
    begin = time.perf_counter()
    peers, _ = make_peers(section, (contender,), threads, backend)
    peers[contender].epoch(0)
    return time.perf_counter() - begin


if __name__ == "__main__":
    section, contender, threads, backend = sys.argv[1:]
    print(first_epoch(section, contender, int(threads), backend))
