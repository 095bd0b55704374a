"""Whether a GPU can be used, and if not: why, and what to do about it.

The compiled module `_cuda` finds the facts (`probe`), this file makes sentences of them. `choose.py`
hands the module in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import checks
from ..reprs import short_repr

_BUILD = "CUTAWAY_CUDA=ON pip install ."  # no index has cutaway
_OLDEST = (7, 5)
_NO_DEVICE, _OLD_DRIVER = 100, 35  # CUDA's numbers of errors
_NO_KERNEL = (209, 98)  # the second on some drivers


@short_repr
class CudaStatus(NamedTuple):
    """Whether a GPU can be used.

    Attributes:
        usable: Whether Network(backend="cuda") works.
        code: "OK", or that of the DeviceError which it raises.
        text: The GPU's name, or what is wrong and what to do.
    """

    usable: bool
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"  # whole, where the repr is cut


def device_of(backend: str) -> int | None:
    """Return the GPU's number in "cuda", "cuda:1", "cuda-tf32" or "cuda-tf32:1"; None for other names."""
    match = re.fullmatch(r"cuda(?:-tf32)?(?::(0|[1-9][0-9]{0,2}))?", backend)
    return int(match[1] or 0) if match else None


def in_tf32(backend: str) -> bool:
    """Tell whether a backend takes its products on a GPU's tensor cores."""
    return backend.startswith("cuda-tf32")


def status(load: Callable[[], Any], device: int = 0) -> CudaStatus:
    """Tell whether a GPU can be used; never raise.

    Args:
        load: Imports and returns the module `_cuda`.
        device: The GPU's number.
    """
    try:
        device = checks.count("cuda_status", "device", device, 0, 999)
    except (TypeError, ValueError):
        got = checks.shown(device)
        return _fails("NO_DEVICE", f"a GPU is named by its number, 0 for the first, got {got}")
    try:
        found = load().probe(device)
    except ModuleNotFoundError as error:
        if str(error.name).endswith("_cuda"):
            return _fails("NOT_BUILT", "this build of cutaway is without CUDA; in the folder of its "
                          f"sources, build one: {_BUILD}")  # fmt: skip
        return _fails("LOAD_FAILED", f"cutaway._cuda does not load: {error}")
    except Exception as error:  # of the loader, in its own words
        return _fails("LOAD_FAILED", f"cutaway._cuda does not load: {error}")
    return _judge(found, device)


def _judge(found: dict[str, Any], device: int) -> CudaStatus:
    if found["loader"]:
        return _fails(
            "NO_DRIVER",
            f"there is no NVIDIA driver ({found['loader']}); install the NVIDIA driver, or run the "
            "container with the GPU (docker run --gpus all)",
        )
    if found["forked"]:
        return _fails(
            "FORKED",
            "CUDA was used before this process was forked, and does not work in its children; "
            "start them with multiprocessing's 'spawn', or use the GPU in the children only",
        )
    if found["broken"]:
        return _fails("BROKEN", found["broken"])
    if found["error"] == _OLD_DRIVER and found["driver"] == 0:
        return _fails(
            "NO_DRIVER",
            "libcuda.so.1 is there, but it is not a driver that works; install the NVIDIA driver, or "
            "run the container with the GPU (docker run --gpus all)",
        )
    if found["error"] == _OLD_DRIVER:
        return _fails(
            "OLD_DRIVER",
            f"the NVIDIA driver is too old: it supports CUDA {_version(found['driver'])}, cutaway "
            f"was built with CUDA {_version(found['runtime'])}; update the driver, or build with an "
            "older CUDA toolkit",
        )
    if found["error"] == _NO_DEVICE or (found["error"] == 0 and device >= found["count"]):
        return _fails("NO_DEVICE", _none_visible(found, device))
    if found["error"]:
        return _fails("LAUNCH", f"cudaGetDeviceCount: {found['error_name']}: {found['error_text']}")
    name = f"GPU {device}"
    if found["name"]:
        name = f"{found['name']} (compute capability {'.'.join(map(str, found['capability']))})"
    if found["kernel_error"] in _NO_KERNEL and found["capability"] < _OLDEST:
        return _fails(
            "NO_KERNEL",
            f"{name} is too old; cutaway needs compute capability 7.5 (Turing) or newer",
        )
    if found["kernel_error"] in _NO_KERNEL:
        major, minor = found["capability"]
        return _fails(
            "NO_KERNEL",
            f"this build of cutaway has no code for {name}, only for the architectures "
            f"{found['architectures']}; in the folder of its sources, build one: "
            f"CUDAARCHS={major}{minor}-real {_BUILD}",
        )
    if found["kernel_error"]:
        return _fails(
            "LAUNCH", f"{name}: {found['kernel_error_name']}: {found['kernel_error_text']}"
        )
    return CudaStatus(
        True, "OK", f"{name}, {found['memory'] / 1e9:.3g} GB, driver for CUDA "
        f"{_version(found['driver'])}"
    )  # fmt: skip


def _none_visible(found: dict[str, Any], device: int) -> str:
    count = 0 if found["error"] else found["count"]
    if count == 0:
        text = "no GPU is visible"
    else:
        text = f"there is no GPU {device}: {count} {'is' if count == 1 else 'are'} visible"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return f"{text}; nvidia-smi shows what the machine has"
    return f"{text}: CUDA_VISIBLE_DEVICES is {visible!r}; unset it, or name the GPU in it"


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _fails(code: str, text: str) -> CudaStatus:
    return CudaStatus(False, code, text)
