"""Python processes of one's own: what they print comes back, and how they fail is one sentence."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any


def ask(*arguments: str | Path, **environment: str) -> Any:
    """Run Python with these arguments and return the JSON that it prints.

    Args:
        arguments: Of the interpreter.
        environment: Changes to the environment.

    Raises:
        RuntimeError: if it fails; says why.
    """
    run = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        lines = run.stderr.strip().splitlines() or [f"exit code {run.returncode}"]
        raise RuntimeError(f"a process of the comparison failed: {lines[-1]}")
    return json.loads(run.stdout)


def peak_memory() -> float:
    """Return the most memory this process has held so far, in MB (1e6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage() would count the process that started this one, too
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) * 1024e-6
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest * (1e-6 if sys.platform == "darwin" else 1024e-6)
