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
BASE = "cgroups checks errors files memory npz reprs threads version"
ALLOWED = {
    "errors": "",
    "reprs": "",
    "version": "",
    "cgroups": "",
    "memory": "cgroups",
    "checks": "errors memory",
    "files": "checks errors version",
    "npz": "checks files",
    "threads": "cgroups checks errors",
    "foreign": "checks errors files npz reprs",
    "data": "checks errors files npz reprs",
    "backend": "checks errors memory reprs threads _core _cuda",  # it alone
    "learn": f"{BASE} foreign data backend",
    "measure": f"{BASE} foreign data backend learn",
    "look": "checks errors files foreign reprs",
    "interop": f"{BASE} foreign data backend learn measure look",
    "scale": f"{BASE} foreign data backend learn measure look",
    "job": f"{BASE} foreign data backend learn measure look scale",
    "ask": f"{BASE} foreign data backend learn measure look scale job",
    "bench": f"{BASE} data backend learn look scale job",
    "cli": f"{BASE} foreign data backend learn measure look scale job ask bench",  # it alone has bench
    "__init__": f"{BASE} foreign data backend learn measure look scale ask interop",
    "__main__": "cli",
}

# Conveniences that hand down to a later place: a single import inside the function, named here.
CONVENIENCES = {
    "data/dataset": {"Dataset._repr_html_": "look"},
    "foreign/weights": {"Weights._repr_html_": "look"},
    "learn/network": {
        "Network._repr_html_": "look",
        "Network.confusion": "measure",
        "Network.class_accuracy": "measure",
    },
    "learn/checkpoint": {"save": "interop"},
    "learn/training": {"train": "scale", "fit": "scale"},
    "learn/history": {"History._repr_html_": "look", "Moment._repr_html_": "look"},
}

# Libraries that may be imported at the head of a file; others are imported where they are used.
LIBRARIES = {
    "": {"numpy"},
    "bench/torch_script": {"numpy", "torch"},
    "cli": {"numpy", "click"},
    "interop/estimator": {"numpy", "sklearn"},  # likewise
    "look/figure": {"matplotlib"},  # which is itself imported where it is used
}


def files():
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def place_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def walk(node, function=""):
    """All nodes that count when the program runs, with the name of the function they are in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        inside = function
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            inside = f"{function}.{child.name}".removeprefix(".")
        yield inside, child
        yield from walk(child, inside)


def own_imports(path):
    """Places of the package that a file imports when it runs, with the function that does."""
    above = path.relative_to(PACKAGE).parts[:-1]
    for function, node in walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = above[: len(above) - (node.level - 1)]
        module = (*base, *(node.module.split(".") if node.module else ()))
        places = [module[0]] if module else [alias.name for alias in node.names]
        yield from ((function, place) for place in places)


def handed_down(path):
    """What a file imports from places that the table does not allow it: (function, place), ..."""
    place = place_of(path)
    allowed = {*ALLOWED[place].split(), place}
    return [(function, other) for function, other in own_imports(path) if other not in allowed]


def libraries(path):
    """Libraries that a file imports as soon as it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_a_place_imports_only_what_the_tables_allow(path):
    listed = CONVENIENCES.get(name_of(path), {}).items()
    assert set(handed_down(path)) - set(listed) == set()


@pytest.mark.parametrize(
    ("file", "function", "place"),
    [(file, *row) for file, rows in CONVENIENCES.items() for row in rows.items()],
)
def test_a_convenience_that_is_listed_is_there_and_a_single_import(file, function, place):
    imported = handed_down(PACKAGE / f"{file}.py")
    assert [other for name, other in imported if name == function] == [place]


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_libraries_are_imported_where_they_are_used(path):
    own = LIBRARIES.get(name_of(path)) or LIBRARIES.get(place_of(path))
    allowed = own or LIBRARIES[""]
    assert set(libraries(path)) - allowed - set(sys.stdlib_module_names) == set()


def test_the_table_names_every_place_and_no_other():
    assert {place_of(path) for path in files()} == set(ALLOWED)
