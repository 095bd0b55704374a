"""Reprs: a class goes in, and comes out with a repr that is one short line and never raises.

A repr is what the prompt, the debugger and an error report show, of half-built objects, too.
"""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")
_MOST = 119  # characters


def short_repr(cls: type[_T]) -> type[_T]:
    """Cut the repr of a class to one line of less than 120 characters, and let it never raise."""
    whole = cls.__repr__

    def __repr__(self: _T) -> str:  # noqa: N807
        try:
            line = " ".join(whole(self).split())
        except Exception:  # of what is not there yet, or of what a user put in
            return f"<{type(self).__name__}, incomplete>"[:_MOST]
        return line if len(line) <= _MOST else f"{line[: _MOST - 3]}..."

    cls.__repr__ = __repr__  # type: ignore[assignment]
    return cls
