"""Every exception of ours, and our warnings; the rest is Python's own ValueError, TypeError, OSError..."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __file__.removesuffix("errors.py")


class DeviceError(RuntimeError):
    """The GPU cannot be used, or failed.

    Attributes:
        code: NOT_BUILT, LOAD_FAILED, NO_DRIVER, OLD_DRIVER, NO_DEVICE, NO_KERNEL, FORKED, BROKEN (a
            kernel has failed, and no GPU works until the process ends), TOO_BIG, OUT_OF_MEMORY, or
            LAUNCH for whatever else CUDA reports.
        text: What happened, and what to do if that is known.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text

    def __reduce__(self) -> tuple[type[DeviceError], tuple[str, str]]:
        """Survive pickling: two arguments, of which BaseException keeps one."""
        return type(self), (self.code, self.text)


class CheckpointError(ValueError):
    """A file is no network that can be loaded: it is damaged, or none of ours."""


class DivergenceError(RuntimeError):
    """A loss is no longer finite.

    Attributes:
        step: The mini-batch, 1 for the first of all.
    """

    def __init__(self, text: str, step: int) -> None:
        super().__init__(text)
        self.step = step

    def __reduce__(self) -> tuple[type[DivergenceError], tuple[str, int]]:
        """Survive pickling, as DeviceError."""
        return type(self), (str(self), self.step)


class RankError(RuntimeError):
    """Another process of a training that many share has left it, or died: which one, and why.

    Attributes:
        interrupted: Whether Ctrl-C has come there.
    """

    interrupted = False


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Give a warning that names the line of the user's which led here, however deep it is.

    As `skip_file_prefixes` of Python 3.12 does it.
    """
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        frame = frame.f_back
    names = frame.f_globals
    warnings.warn_explicit(
        text,
        kind,
        frame.f_code.co_filename,
        frame.f_lineno,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


class Terminated(KeyboardInterrupt):
    """SIGTERM has come: ends the work as Ctrl-C does."""
