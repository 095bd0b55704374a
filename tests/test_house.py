"""The house: which folder may import which, and what a file loads as soon as it is imported.

Parses the source tree beside this file, so that it judges a clone whatever is installed.
"""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "python" / "cutaway"

# Every place of the package, and what it may import of it when it runs.
ALLOWED = {
    "__init__": "checkpoint cuda data errors film functions loader network optimizer picture training version",
    "__main__": "cli",
    "checks": "",
    "checkpoint": "checks files network optimizer",
    "contract": "checks optimizer",
    "cuda": "",
    "errors": "",
    "progress": "",
    "version": "",
    "data": "checks idx pickles",
    "files": "version",
    "film": "files",
    "functions": "_core checks machine",
    "idx": "",
    "job": "checkpoint cuda data files film loader network optimizer picture start training version",
    "loader": "checks data",
    "machine": "checks",
    "network": "_core _cuda checks contract cuda data errors machine optimizer reference",
    "optimizer": "checks",
    "pickles": "idx",
    "picture": "",
    "reference": "contract optimizer",
    "start": "contract",
    "training": "checks contract data loader network optimizer progress",
    "bench": "contract data errors film functions job loader machine network optimizer picture start "
    "training version",
    "cli": "bench checkpoint data errors files job machine network picture progress training version",
}  # fmt: skip

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
    allowed = {*ALLOWED[place].split(), place}
    assert set(own_imports(path)) - allowed == set()


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_libraries_are_imported_where_they_are_used(path):
    allowed = LIBRARIES.get(name_of(path), LIBRARIES[""])
    assert set(libraries(path)) - allowed - set(sys.stdlib_module_names) == set()


def test_the_table_names_every_place_and_no_other():
    assert {place_of(path) for path in files()} == set(ALLOWED)
