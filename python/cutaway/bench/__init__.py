"""The side-by-side comparison: sections are chosen, contenders prepared, results gathered as they come.

Every section is a generator of its result so far, so an interrupted run keeps what was measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..network import compiled
from . import epochs, libraries, peak, products, start, whole
from .libraries import CONTENDERS, PIP, missing
from .plot import plot
from .report import table
from .rounds import Setting

__all__ = ["CONTENDERS", "SECTIONS", "Section", "plot", "run", "table"]


@dataclass(frozen=True)
class Section:
    """A part of the comparison.

    Attributes:
        run: Measures; yields its result so far after every round.
        contenders: Who may take part in it.
    """

    run: Callable[[Setting], Iterator[dict[str, Any]]]
    contenders: tuple[str, ...]


SECTIONS: dict[str, Section] = {
    **{
        name: Section(partial(epochs.section, name), plan.contenders)
        for name, plan in epochs.EPOCHS.items()
    },
    "matmul": Section(products.section, products.CONTENDERS),
    "peak": Section(peak.section, ("cutaway",)),
    "job": Section(whole.section, ("cutaway",)),
    "start": Section(start.section, ("cutaway", "torch")),
}


def run(
    sections: Sequence[str],
    contenders: Sequence[str],
    repeats: int,
    threads: int,
    talk: Callable[[str], None],
) -> dict[str, Any]:
    """Run sections of the comparison, one after another.

    Ctrl-C ends it: the result holds what was measured until then. So does a section that fails;
    the others go on.

    Args:
        sections: Keys of SECTIONS; all if empty.
        contenders: Who to compare cutaway with, of CONTENDERS; all that are installed if empty.
        repeats: Rounds that are counted.
        threads: Of every contender.
        talk: Is told what happens.

    Returns:
        Facts of the machine and the contenders, and "sections" with what each measured.

    Raises:
        RuntimeError: if a contender that was asked for is not installed, or does not load.
    """
    sections = sections or tuple(SECTIONS)
    useful = {name for section in sections for name in SECTIONS[section].contenders}
    absent = [name for name in missing() if name in useful and name in (contenders or CONTENDERS)]
    if contenders and absent:
        needed = " ".join(PIP[name] for name in absent)
        raise RuntimeError(
            f"bench: {' and '.join(absent)} must be installed to take part; pip install {needed}"
        )
    wanted = {"cutaway", *(contenders or useful)} & useful
    names = tuple(name for name in CONTENDERS if name in wanted and name not in absent)
    result: dict[str, Any] = {
        "version": compiled.__version__,
        "isa": compiled.isa(),
        "repeats": repeats,
        "threads": threads,
        "load": round(os.getloadavg()[0], 2),  # of the machine, before anything was run
        "contenders": {},
        "not_installed": absent,
        "interrupted": False,
        "failed": {},
        "sections": {},
    }
    try:
        with libraries.prepared(names, threads) as result["contenders"]:
            for name in sections:
                _run(name, Setting(names, repeats, threads, talk), result)
    except KeyboardInterrupt:
        result["interrupted"] = True
    return result


def _run(name: str, setting: Setting, result: dict[str, Any]) -> None:
    setting.talk(f"{name}: warming up")
    try:
        for part in SECTIONS[name].run(setting):
            result["sections"][name] = part
            setting.talk(f"{name}: round {part['rounds']} done")
    except Exception as error:  # of any library: the other sections are wanted all the same
        result["failed"][name] = str(error) or type(error).__name__
        setting.talk(f"{name}: failed")
