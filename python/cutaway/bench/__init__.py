"""The side-by-side comparison: sections are chosen, contenders prepared, results gathered as they come.

Every section is a generator of its result so far, so an interrupted run keeps what was measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..backend.choose import cuda_status, isa
from ..errors import DeviceError
from ..version import __version__
from . import epochs, libraries, peak, predict, products, scale, start, whole
from .libraries import CONTENDERS, GPU_CONTENDERS, PIP, WHEN_NAMED, missing, needs_of
from .model import Link
from .plot import draw
from .report import as_text
from .rounds import Setting
from .scale import place
from .section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CONTENDERS", "GPU_CONTENDERS", "SECTIONS", "Link", "place", "plot", "run", "table"]


SECTIONS: dict[str, Section] = {
    **epochs.SECTIONS,  # lesson9, lesson5, wide
    "predict": predict.SECTION,
    "matmul": products.SECTION,
    "peak": peak.SECTION,
    "job": whole.SECTION,
    "start": start.SECTION,
    "scale": scale.SECTION,
}


def run(
    sections: Sequence[str],
    contenders: Sequence[str],
    repeats: int,
    threads: int,
    talk: Callable[[str], None],
    backend: str = "cpu",
    link: Link | None = None,
) -> dict[str, Any]:
    """Run sections of the comparison, one after another.

    Ctrl-C ends it: the result holds what was measured until then. So does a section that fails;
    the others go on.

    Args:
        sections: Keys of SECTIONS; all that the backend allows if empty.
        contenders: Who to compare cutaway with, of CONTENDERS, or GPU_CONTENDERS on a GPU; all that
            are installed if empty, but those of WHEN_NAMED.
        repeats: Rounds that are counted.
        threads: Of every contender.
        talk: Is told what happens.
        backend: "cpu", or "cuda" to compare on the GPU.
        link: Between the ranks that the model of the section scale is asked of.

    Returns:
        Facts of the machine and the contenders, and "sections" with what each measured.

    Raises:
        DeviceError: if the GPU cannot be used.
        RuntimeError: if a contender that was asked for is not installed, or does not load, or
            cannot use the GPU; or if a section is not measured there.
    """
    status = cuda_status() if backend == "cuda" else None
    if status and not status.usable:
        raise DeviceError(status.code, f"bench: {status.text}")
    sections = _choose_sections(sections, backend)
    names, absent = _choose_contenders(contenders, sections, backend)
    result: dict[str, Any] = {
        "version": __version__,
        "isa": isa(),
        "gpu": status and status.text,
        "repeats": repeats,
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),  # of the machine, before anything was run
        "contenders": {},
        "not_installed": absent,
        "without_gpu": [],
        "interrupted": False,
        "failed": {},
        "sections": {},
    }
    try:
        with libraries.prepared(names, threads, backend) as result["contenders"]:
            able = tuple(name for name in names if name in result["contenders"])
            result["without_gpu"] = [name for name in names if name not in able]
            if contenders and result["without_gpu"]:
                listed = " and ".join(result["without_gpu"])
                raise RuntimeError(f"bench: {listed} cannot use the GPU; install a build that can")
            setting = Setting(
                contenders=able, repeats=repeats, threads=threads, talk=talk, backend=backend,
                link=link,
            )  # fmt: skip
            for name in sections:
                _run(name, setting, result)
    except KeyboardInterrupt:
        result["interrupted"] = True
    return result


def _choose_sections(sections: Sequence[str], backend: str) -> tuple[str, ...]:
    """Return what is to be measured: what was asked for, or what usually is, and the backend allows."""
    for name in sections:
        if not SECTIONS[name].among(backend):
            raise RuntimeError(f"bench: {name} is not measured on a GPU")
    usual = (name for name, one in SECTIONS.items() if one.among(backend) and not one.by_name)
    return tuple(sections or usual)


def _choose_contenders(
    contenders: Sequence[str], sections: Sequence[str], backend: str
) -> tuple[tuple[str, ...], list[str]]:
    """Return who takes part, and which libraries that could are not installed."""
    everybody = GPU_CONTENDERS if backend == "cuda" else CONTENDERS
    if strangers := [name for name in contenders if name not in everybody]:
        raise RuntimeError(
            f"bench: {' and '.join(strangers)} cannot take part with --backend {backend}; "
            f"{', '.join(everybody)} can"
        )
    useful = {name for section in sections for name in SECTIONS[section].among(backend)}
    useful -= WHEN_NAMED - {*contenders}
    needed = {lib for name in useful & {*(contenders or everybody)} for lib in needs_of(name)}
    absent = [name for name in missing() if name in needed]
    if contenders and absent:
        packages = " ".join(PIP[name] for name in absent)
        raise RuntimeError(
            f"bench: {' and '.join(absent)} must be installed to take part; pip install {packages}"
        )
    wanted = {"cutaway", *(contenders or useful)} & useful
    return tuple(n for n in everybody if n in wanted and needs_of(n).isdisjoint(absent)), absent


def _run(name: str, setting: Setting, result: dict[str, Any]) -> None:
    setting.talk(f"{name}: warming up")
    try:
        for part in SECTIONS[name].run(setting):
            result["sections"][name] = part
            setting.talk(f"{name}: round {part['rounds']} done")
    except Exception as error:  # of any library: the other sections are wanted all the same
        result["failed"][name] = str(error) or type(error).__name__
        setting.talk(f"{name}: failed")


def table(result: dict[str, Any]) -> str:
    """Return what run() measured, as text for people."""
    return as_text(result, SECTIONS)


def plot(result: dict[str, Any]) -> Figure:
    """Draw what run() measured."""
    return draw(result, SECTIONS)
