"""The libraries that cutaway is compared with: which are installed, their versions, their threads."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..machine import default_threads
from ..network import compiled

CONTENDERS = ("cutaway", "tutorial", "numpy", "torch", "jax", "sklearn")
PIP = {"torch": "torch", "jax": "jax", "sklearn": "scikit-learn"}  # those that may be missing


def missing() -> list[str]:
    """Return the contenders that are not installed."""
    return [name for name in PIP if find_spec(name) is None]


@contextmanager
def prepared(names: Sequence[str], threads: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Load the libraries and set everybody's thread counts; NumPy's goes back to what it was.

    Args:
        names: Contenders.
        threads: For every one of them.

    Yields:
        By contender its "version" and its "threads", None where a library does not tell.

    Raises:
        RuntimeError: if a library is there, but cannot be loaded.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    if threads != default_threads():  # which cutaway.matmul takes, and every child
        os.environ["CUTAWAY_NUM_THREADS"] = str(threads)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    for variable in ("NPROC", "PJRT_NPROC"):  # JAX reads them once, when it starts
        os.environ[variable] = str(threads)
    loaded = {name: _load(name) for name in names if name in PIP}
    if "torch" in loaded:
        loaded["torch"].set_num_threads(threads)
    with threadpool_limits(threads):
        pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        blas = max(pools, default=None)
        facts: dict[str, dict[str, Any]] = {}
        for name in names:
            version = loaded[name].__version__ if name in loaded else np.__version__
            facts[name] = {"version": version, "threads": blas}
        facts["cutaway"] = {"version": compiled.__version__, "threads": threads}
        if "torch" in facts:
            facts["torch"]["threads"] = loaded["torch"].get_num_threads()
        if "jax" in facts:
            facts["jax"]["threads"] = threads
        yield facts


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise RuntimeError(f"bench: {name} is installed, but does not load: {error}") from error
