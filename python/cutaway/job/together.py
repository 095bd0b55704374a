"""Together: a run of the command line on several ranks of MPI, of which rank 0 writes and talks.

Rank 0 does what a run does. The others read the same data and learn along, and then they sleep until rank 0
is done with the rest.
"""

from __future__ import annotations

import os
from contextlib import closing

from ..errors import RankError
from ..learn.ongoing import go_on
from ..learn.recipes import Recipe
from ..scale.distributed import Ranks
from ..scale.group import load_mpi
from ..threads import CONVENTIONAL, default_threads
from .begun import Begun
from .run import Training
from .source import Data


def join() -> Ranks:
    """Return all ranks that mpiexec has started; one, if it has not.

    Raises:
        ModuleNotFoundError: without mpi4py.
        RuntimeError: without a library of MPI.
    """
    ranks = Ranks("train", load_mpi("train: --mpi").COMM_WORLD)
    ranks.stays = True
    return ranks


def threads_of(ranks: Ranks) -> int | None:
    """Return the threads of this rank: a part of the cores that it shares with others on its machine.

    None if the environment says how many.
    """
    known = hasattr(os, "sched_getaffinity")
    place = ranks.hosts[ranks.rank], sorted(os.sched_getaffinity(0)) if known else None
    sharing = ranks.gather(place).count(place)
    if any(os.environ.get(name) for name in ("CUTAWAY_NUM_THREADS", *CONVENTIONAL)):
        return None
    return max(1, default_threads() // sharing)


def follow(
    ranks: Ranks,
    recipe: Recipe,
    data: Data,
    *,
    seed: int,
    backend: str,
    threads: int | None,
    begun: Begun | None,
    force: bool,
) -> None:
    """Learn along with rank 0, which runs the same, and wait until it is done; arguments as of run().

    Raises:
        RankError: if rank 0, or another, has left or died.
    """
    training = Training(recipe, data, seed, backend, threads, ranks)
    network = training.network()
    with closing(training.moments(network, [], data[1])) as moments:
        if begun is not None and (before := begun.checkpoint) is not None:
            known = before.terms["data"]  # rank 0 compares it
            go_on("train", before, network, moments, known, last=training.last, force=force)
        for _ in moments:
            pass
    ranks.told(network)
    ranks.end()


def code_of(error: BaseException) -> int:
    """Return the exit code of a rank that ends so: that of the one that was interrupted."""
    stopped = isinstance(error, KeyboardInterrupt)
    return 130 if stopped or (isinstance(error, RankError) and error.interrupted) else 1
