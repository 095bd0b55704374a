"""The libraries that cutaway is compared with: which are installed, their versions, their threads."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ..threads import default_threads
from ..version import __version__

LEARNERS = (
    "cutaway", "tutorial", "numpy", "torch", "torch-compiled", "tensorflow", "jax", "sklearn"
)  # fmt: skip
CONTENDERS = (*LEARNERS, "onnxruntime")  # which only answers
WHEN_NAMED = frozenset({"torch-compiled"})  # compiles for a minute: takes part when asked to
GPU_CONTENDERS = ("cutaway", "cpu", "torch", "torch-graph", "jax")  # cpu: cutaway's, beside the GPU
PIP = {  # those that may be missing
    "torch": "torch",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "sklearn": "scikit-learn",
    "onnxruntime": "onnxruntime",
    "onnx": "onnx",
}

_OF_BLAS = ("tutorial", "numpy", "sklearn")  # their threads are those of its pools
_CALLED = {  # in the table, and beside a bar
    "cutaway": ("cutaway", "cutaway"),
    "cpu": ("cutaway, CPU", "cutaway on the CPU"),
    "tutorial": ("tutorial", "the tutorial's loop"),
    "numpy": ("numpy", "NumPy"),
    "torch": ("torch", "PyTorch"),
    "torch-graph": ("torch, CUDA graph", "PyTorch, CUDA graph"),
    "torch-compiled": ("torch, compiled", "PyTorch, compiled"),
    "tensorflow": ("tensorflow", "TensorFlow"),
    "jax": ("jax", "JAX"),
    "sklearn": ("sklearn", "scikit-learn"),
    "onnxruntime": ("onnxruntime", "ONNX Runtime"),
}


def short_name(contender: str) -> str:
    """Return what a contender is called where there is little space."""
    return _CALLED[contender][0]


def full_name(contender: str) -> str:
    """Return what a contender is called by its own people."""
    return _CALLED[contender][1]


def library_of(contender: str) -> str:
    """Return the name of the module that a contender needs."""
    return contender.partition("-")[0]


def needs_of(contender: str) -> set[str]:
    """Return the libraries that a contender cannot do without, of PIP."""
    needs = {library_of(contender)} & set(PIP)
    return needs | ({"onnx"} if "onnxruntime" in needs else set())  # writes its file


def missing() -> list[str]:
    """Return the libraries that are not installed."""
    return [name for name in PIP if find_spec(name) is None]


@contextmanager
def prepared(
    names: Sequence[str], threads: int, backend: str = "cpu"
) -> Iterator[dict[str, dict[str, Any]]]:
    """Load the libraries and set everybody's thread count; put NumPy's and the environment back.

    Args:
        names: Contenders.
        threads: For every one of them.
        backend: "cuda" for those who shall compute on the GPU.

    Yields:
        By contender its "version" and its "threads", None where a library does not tell. Those that
        cannot use a GPU which they shall use are not among them.

    Raises:
        RuntimeError: if a library is there, but cannot be loaded, or has its threads already.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    changes = dict.fromkeys(("NPROC", "PJRT_NPROC"), str(threads))  # JAX reads them when it starts
    changes["JAX_PLATFORMS"] = backend
    changes["TF_CPP_MIN_LOG_LEVEL"] = "2"  # errors only: it talks about its own set-up
    if threads != default_threads():  # cutaway.matmul takes these
        changes["CUTAWAY_NUM_THREADS"] = str(threads)
    with _environment(changes):
        loaded = {library_of(name) for name in names} & set(PIP)
        modules = {name: load(name) for name in CONTENDERS if name in loaded}
        if "torch" in modules:
            modules["torch"].set_num_threads(threads)
        if "tensorflow" in modules:
            _set_up_tensorflow(modules["tensorflow"], threads)
        if backend == "cuda":
            useless = {name for name, module in modules.items() if not _finds_gpu(module)}
            names = [name for name in names if library_of(name) not in useless]
        with threadpool_limits(threads):
            pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
            counts = dict.fromkeys(names, max(pools, default=None))
            counts |= dict.fromkeys((n for n in names if n not in _OF_BLAS), threads)
            yield {name: {"version": _version(name), "threads": counts[name]} for name in names}


def _set_up_tensorflow(tensorflow: Any, threads: int) -> None:
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        tensorflow.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise RuntimeError(
            "bench: tensorflow must be given its threads before it computes, got one that has "
            "computed in this process; compare in another one"
        ) from error


def _finds_gpu(module: Any) -> bool:
    if module.__name__ == "torch":
        return bool(module.cuda.is_available())
    try:
        return len(module.devices("cuda")) > 0
    except Exception:  # RuntimeError or AssertionError: what JAX raises when there is none
        return False


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
    if name in ("cutaway", "cpu"):
        return __version__
    library = library_of(name)
    return str(sys.modules[library if library in PIP else "numpy"].__version__)


def load(name: str) -> Any:
    """Return a library, or raise RuntimeError with the reason why it does not load."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise RuntimeError(f"bench: {name} is installed, but does not load: {error}") from error
