"""The page's modules: Node runs their own tests, TypeScript checks their types."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = HERE.parents[2] / "python" / "cutaway" / "look" / "page"


@pytest.mark.needs("node")
@pytest.mark.parametrize("test", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_a_module_does_what_its_own_tests_say(test):
    done = subprocess.run(["node", "--test", test], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("tsc")
def test_their_types_agree():
    settings = [
        "--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--module", "esnext",
        "--moduleResolution", "bundler", "--lib", "dom,dom.iterable,es2022",
    ]  # fmt: skip
    done = subprocess.run(
        ["tsc", *settings, SOURCES / "main.mjs"], capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stdout) == (0, "")
