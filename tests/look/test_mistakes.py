"""Mistakes: a table, reasons beside it and a wall below it are one page of a width to look at."""

import numpy as np
import pytest
from PIL import Image

from cutaway.look.mistakes import LARGE, SMALL, Reason, Sample, page

TABLE = Image.new("RGB", (760, 500), (0, 255, 0))
RED, BLUE = (255, 0, 0), (0, 0, 255)


def sample(name="3"):
    picture = Image.new("RGB", (SMALL, SMALL), RED)
    return Sample(
        picture=picture, title=f"no. 17: {name}", guesses=[name] * 3, outputs=[0.9, 0.5, 0]
    )


def reason():
    pictures = [Image.new("RGB", (LARGE, LARGE), BLUE)] * 3
    return Reason(
        pictures=pictures, texts=["3\nno. 17", "for 8\nneuron 1: +2.1", "for 3\nneuron 2: +1"]
    )


def made(samples, reasons, **options):
    return page("Title", TABLE, "about", samples, reasons, note="note", limit=1, **options)


def count(image, colour):
    return int((np.asarray(image) == colour).all(axis=2).sum())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_parts_are_on_the_page_at_their_own_size(theme):
    image = made([sample()] * 18, [reason()] * 3, theme=theme)
    assert count(image, (0, 255, 0)) == 760 * 500
    assert count(image, RED) == 18 * SMALL * SMALL
    assert count(image, BLUE) == 9 * LARGE * LARGE
    assert 1200 <= image.width <= 1600


def test_long_names_leave_room_for_fewer_samples_in_three_rows():
    few, many = (
        made([sample("a name of some length")] * 18, [reason()]),
        made([sample()] * 18, [reason()]),
    )
    assert few.size == many.size
    shown = count(few, RED) / SMALL**2
    assert shown == int(shown) < 18
    assert shown % 3 == 0


def test_without_mistakes_there_are_no_reasons_and_no_wall():
    image = made([], [])
    assert image.height < 500 + 200
    assert image.width < 760 + 100
