"""The libraries that cutaway is compared with: which are installed, their versions, their threads."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ..machine import default_threads
from ..network import compiled

CONTENDERS = ("cutaway", "tutorial", "numpy", "torch", "jax", "sklearn")
PIP = {"torch": "torch", "jax": "jax", "sklearn": "scikit-learn"}  # those that may be missing


def missing() -> list[str]:
    """Return the contenders that are not installed."""
    return [name for name in PIP if find_spec(name) is None]


@contextmanager
def prepared(names: Sequence[str], threads: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Load the libraries and set everybody's thread count; put NumPy's and the environment back.

    Args:
        names: Contenders.
        threads: For every one of them.

    Yields:
        By contender its "version" and its "threads", None where a library does not tell.

    Raises:
        RuntimeError: if a library is there, but cannot be loaded.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    changes = dict.fromkeys(("NPROC", "PJRT_NPROC"), str(threads))  # JAX reads them when it starts
    changes["JAX_PLATFORMS"] = "cpu"
    if threads != default_threads():  # cutaway.matmul takes these
        changes["CUTAWAY_NUM_THREADS"] = str(threads)
    with _environment(changes):
        loaded = {name: _load(name) for name in names if name in PIP}
        if "torch" in loaded:
            loaded["torch"].set_num_threads(threads)
        with threadpool_limits(threads):
            pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
            counts = dict.fromkeys(names, max(pools, default=None))
            counts |= {"cutaway": threads, "jax": threads, "torch": threads}
            yield {name: {"version": _version(name), "threads": counts[name]} for name in names}


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _version(name: str) -> str:
    if name == "cutaway":
        return compiled.__version__
    return str(sys.modules[name if name in PIP else "numpy"].__version__)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise RuntimeError(f"bench: {name} is installed, but does not load: {error}") from error
