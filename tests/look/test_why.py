"""Why: a sample, outputs, evidence and units are one page, whatever the names and the number of classes."""

import numpy as np
import pytest
from PIL import Image

from cutaway.look.theme import THEMES
from cutaway.look.why import LARGE, SMALL, Unit, page

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def made(outputs=(0.1, 0.9), names=("a", "b"), units=8, title="photo.png is b", **options):
    unit = Unit(picture=Image.new("RGB", (SMALL, SMALL), BLUE), text="neuron 1\nactive 1\nsays +1")
    evidence = (Image.new("RGB", (LARGE, LARGE), GREEN), "Evidence for b", "a note that is told")
    groups = [("Spoke for b", [unit] * (units // 2)), ("Spoke for a", [unit] * (units // 2))]
    shown = Image.new("RGB", (LARGE, LARGE), RED)
    return page(
        title, shown, "inverted", outputs, names, [evidence] * 2, groups, note="note", limit=1, **options
    )  # fmt: skip


def count(image, colour):
    return int((np.asarray(image) == colour).all(axis=2).sum())


@pytest.mark.parametrize("theme", THEMES)
def test_all_parts_are_on_the_page_at_their_own_size(theme):
    image = made(theme=theme)
    assert count(image, RED) == LARGE**2
    assert count(image, GREEN) == 2 * LARGE**2
    assert count(image, BLUE) == 8 * SMALL**2
    assert 1200 <= image.width <= 1600


def test_bars_are_as_long_as_outputs_are_large():
    orange = THEMES["light"].second
    assert count(made([0.0, 0.8]), orange) == pytest.approx(
        2 * count(made([0.0, 0.4]), orange), rel=0.1
    )


def test_of_many_classes_the_largest_outputs_have_room():
    outputs = np.linspace(0, 1, 100)
    some, most = (
        made(outputs, list(map(str, range(100)))),
        made(outputs[90:], list(map(str, range(10)))),
    )
    assert some.height == most.height
    orange = THEMES["light"].second
    assert count(some, orange) == pytest.approx(count(most, orange), rel=0.02)


def test_a_network_without_hidden_units_has_a_page_without_them():
    assert made(units=0).height < made().height - SMALL


def test_long_names_of_files_and_classes_make_no_wider_page():
    long = made(names=["a name of some length " * 5, "b"], title="a long name of a file " * 10)
    assert long.width <= made().width + 150
    assert long.height > made().height
