"""`cutaway train --mpi`: what rank 0 tells, and how all ranks end with the same exit code."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import DivergenceError, RankError
from ..job.begun import unfinished
from ..job.together import code_of
from ..scale.distributed import Ranks
from .terminal import message, plain, talk


def lead(ranks: Ranks, out: Path, threads: int | None, quiet: bool, work: Callable[[], int]) -> int:
    """Do rank 0's work, and let the others end when that has.

    Args:
        ranks: All of them.
        out: The run's folder.
        threads: Of each rank, if they are its part of the cores.
        quiet: Tell nothing of the ranks.
        work: Returns the exit code.
    """
    if ranks.size == 1:
        talk("cutaway: --mpi: this is the only rank; mpiexec -n 4 cutaway train --mpi starts four")
    elif not quiet:
        each = f", {threads} thread{'s' * (threads > 1)} each" if threads else ""
        talk(f"cutaway: {ranks.size} ranks{each}: {', '.join(ranks.names)}")
    try:
        code = work()
        if code == 0:
            ranks.end()
            return code
        ranks.leave(KeyboardInterrupt())
    except RankError as error:
        where = plain(str(out))
        goes_on = f"; cutaway train --mpi --resume {where} goes on" if unfinished(out) else ""
        raise RankError(f"{error}{goes_on}") from None
    except BaseException as error:
        ranks.leave(error)
        if isinstance(error, KeyboardInterrupt):
            ranks.part()
        raise
    ranks.part()
    return code


def follow_quietly(ranks: Ranks, work: Callable[[], None]) -> int:
    """Do another rank's work, which tells its own errors only; return the exit code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rank 0 tells
            work()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        ranks.leave(error)
        if not isinstance(error, RankError | DivergenceError | KeyboardInterrupt):  # rank 0 tells
            talk(f"cutaway: rank {ranks.rank}: error: {plain(message(error))}")
        code = code_of(error)
    with suppress(KeyboardInterrupt):
        ranks.part(patient=True)  # rank 0 writes what was learned so far
    return code
