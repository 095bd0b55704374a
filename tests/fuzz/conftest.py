"""What the fuzzers share: how long they go on, and from which seed.

A few tenths of a second each; CUTAWAY_FUZZ_SECONDS=60 goes on for so long, from another seed every time.
"""

import os
import time

import numpy as np
import pytest

SECONDS = float(os.environ.get("CUTAWAY_FUZZ_SECONDS", "0.3"))
SEED = 0 if SECONDS < 1 else int.from_bytes(os.urandom(4), "little")


def pytest_collection_modifyitems(items):
    for item in items:
        if "rounds" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(60 + 2 * SECONDS))


@pytest.fixture
def rounds():
    """Yield a number and its own source of chance, until the time is up; from a third number on."""

    def go(least=4):
        print(f"seed {SEED}")
        end, number = time.perf_counter() + SECONDS, 0
        while number < least or time.perf_counter() < end:
            yield number, np.random.default_rng((SEED, number))
            number += 1
        print(f"{number:,} rounds")

    return go
