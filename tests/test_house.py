"""The house: which folder may import which, and what a file loads as soon as it is imported.

Parses the source tree beside this file, so that it judges a clone whatever is installed.
"""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "python" / "cutaway"

# The stations of the flow, in its order: a place imports only from lines above it, and narrower
# where that is said.
BASE = "checks errors files reprs threads version"
ALLOWED = {
    "errors": "",
    "reprs": "",
    "version": "",
    "checks": "errors",
    "files": "checks errors version",
    "threads": "checks errors",
    "data": "checks errors files reprs",
    "backend": "checks errors reprs threads _core _cuda",  # it alone
    "learn": f"{BASE} data backend",
    "measure": f"{BASE} data backend learn",
    "look": "checks errors files reprs",
    "job": f"{BASE} data backend learn measure look",
    "bench": f"{BASE} data backend learn look job",
    "cli": f"{BASE} data backend learn measure look job bench",  # it alone has bench
    "__init__": f"{BASE} data backend learn measure look",
    "__main__": "cli",
}

# Conveniences of users that hand down to a later place: a single import inside a function.
HANDED_DOWN = {"learn/network": ["measure"]}

# Libraries that may be imported at the head of a file; others are imported where they are used.
LIBRARIES = {"": {"numpy"}, "cli": {"numpy", "click"}, "bench/torch_script": {"numpy", "torch"}}


def files():
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def place_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def walk(node):
    """All nodes that count when the program runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from walk(child)


def own_imports(path):
    """Places of the package that a file imports when it runs."""
    above = path.relative_to(PACKAGE).parts[:-1]
    for node in walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = above[: len(above) - (node.level - 1)]
        module = (*base, *(node.module.split(".") if node.module else ()))
        if module:
            yield module[0]
        else:
            yield from (alias.name for alias in node.names)


def libraries(path):
    """Libraries that a file imports as soon as it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_a_place_imports_only_what_the_table_allows(path):
    place = place_of(path)
    allowed = {*ALLOWED[place].split(), place, *HANDED_DOWN.get(name_of(path), ())}
    assert set(own_imports(path)) - allowed == set()


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_libraries_are_imported_where_they_are_used(path):
    own = LIBRARIES.get(name_of(path)) or LIBRARIES.get(place_of(path))
    allowed = own or LIBRARIES[""]
    assert set(libraries(path)) - allowed - set(sys.stdlib_module_names) == set()


def test_the_table_names_every_place_and_no_other():
    assert {place_of(path) for path in files()} == set(ALLOWED)
