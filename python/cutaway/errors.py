"""Every exception of ours; whatever else users meet is Python's own ValueError, TypeError, OSError..."""

from __future__ import annotations


class DeviceError(RuntimeError):
    """The GPU cannot be used, or failed.

    Attributes:
        code: NOT_BUILT, LOAD_FAILED, NO_DRIVER, OLD_DRIVER, NO_DEVICE, NO_KERNEL, FORKED, TOO_BIG,
            OUT_OF_MEMORY, or LAUNCH for whatever else CUDA reports.
        text: What happened, and what to do if that is known.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text

    def __reduce__(self) -> tuple[type[DeviceError], tuple[str, str]]:
        """Survive pickling: two arguments, of which BaseException keeps one."""
        return type(self), (self.code, self.text)


class Terminated(KeyboardInterrupt):
    """SIGTERM has come: ends the work as Ctrl-C does."""
