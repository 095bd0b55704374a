"""Which backend does the work: a name goes in, a core comes out. The one file that makes cores."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from .. import _core, checks
from ..errors import DeviceError
from ..threads import MOST_THREADS, default_threads
from . import cuda
from .contract import Architecture, Core
from .turns import Turns, in_words

# N: the number of the GPU.
BACKENDS = ("auto", "cpu", "numpy", "cuda", "cuda:N", "cuda-tf32", "cuda-tf32:N")

isa = _core.isa  # the name of the CPU core's instruction set
matmul = _core.matmul  # into an array that is there, by so many threads
fma_peak = _core.fma_peak  # GFLOP/s that one thread can reach at best
round_trips = _core.round_trips  # (CPU, CPU, ns that a cache line takes there and back)


def check_backend(who: str, backend: object) -> str:
    """Return the name of a backend, or raise ValueError."""
    if isinstance(backend, str) and cuda.device_of(backend) is not None:
        return backend
    if isinstance(backend, str) and backend in ("cuda:N", "cuda-tf32:N"):
        raise ValueError(f"{who}: backend {backend!r} needs the number of a GPU instead of N")
    return checks.choice(who, "backend", backend, BACKENDS)


def cuda_status(device: int = 0) -> cuda.CudaStatus:
    """Tell whether `backend="cuda"` can be used, and if not, why not; never raise.

    Args:
        device: The number of the GPU, as in "cuda:1".

    Returns:
        (usable, code, text): the text names the GPU, or what is wrong and what to do about it.
    """
    return cuda.status(load_cuda, device)


def load_cuda() -> Any:
    """Return the module of the GPU's core, or raise ModuleNotFoundError or what the loader says."""
    return import_module("cutaway._cuda")  # says which module is missing, if one is


def make_core(
    architecture: Architecture, backend: str, threads: int | None
) -> tuple[str, int, Core]:
    """Return the backend's name, its threads and a core with zero weights.

    Args:
        architecture: Of the network.
        backend: As for Network.
        threads: As for Network.

    Raises:
        TypeError, ValueError: for an unknown backend, or threads that are no such number.
        DeviceError: if the GPU cannot be used.
        MemoryError: if there is no room for the weights.
    """
    check_backend("Network", backend)
    _check_room(architecture)
    if threads is None:
        threads = default_threads()
    threads = checks.count("Network", "threads", threads, most=MOST_THREADS)
    if backend == "numpy":
        from .reference import ReferenceCore

        return "numpy", 1, ReferenceCore(architecture)
    what = (
        list(architecture.sizes),
        list(architecture.activations),
        architecture.loss,
        architecture.reduction == "mean",
    )
    device = 0 if backend == "auto" else cuda.device_of(backend)
    if device is not None:
        found = cuda_status(device)
        if found.usable:
            name = "cuda" if backend == "auto" else backend
            return name, threads, load_cuda().CudaCore(*what, device, tf32=cuda.in_tf32(name))
        if backend != "auto" or found.code == "BROKEN":  # what went on there would go on here
            raise DeviceError(found.code, f"Network: backend {backend!r}: {found.text}")
    try:
        return "cpu", threads, _core.CpuCore(*what, threads)
    except MemoryError as error:
        raise in_words("Network", error) from None


def info(backend: str, threads: int, core: Turns) -> dict[str, Any]:
    """Return what there is to know of a backend at work; see Network.backend_info()."""
    facts: dict[str, Any] = {"backend": backend, "threads": threads}
    if backend == "cpu":
        facts["isa"] = isa()
    elif backend == "numpy":
        facts["numpy"] = np.__version__
    return facts | core.info()


def _check_room(architecture: Architecture) -> None:
    """Raise MemoryError if there is none for the weights, and for those of a layer once more.

    They are drawn here, and copied into the core.
    """
    layers = [math.prod(architecture.shape(layer)) for layer in range(architecture.layers)]
    what = f"the weights of sizes {checks.shown(architecture.sizes)}"
    checks.room("Network", what, 4 * (sum(layers) + max(layers)))
