"""A process of its own: prints the seconds of a contender's first epoch, with all that it takes.

Loading the library and the data is not counted; starting the GPU, copying and compiling are.
"""

from __future__ import annotations

import sys
import time

from .epochs import make_peer, make_task
from .libraries import PIP, library_of, load


def first_epoch(section: str, contender: str, threads: int, backend: str) -> float:
    """Return the seconds from making the contender to the end of its first epoch."""
    if library_of(contender) in PIP:
        library = load(library_of(contender))
        if library.__name__ == "torch":
            library.set_num_threads(threads)
    task = make_task(section, threads, backend)
    begin = time.perf_counter()
    make_peer(task, contender).epoch(0)
    return time.perf_counter() - begin


if __name__ == "__main__":
    section, contender, threads, backend = sys.argv[1:]
    print(first_epoch(section, contender, int(threads), backend))
