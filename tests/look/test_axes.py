"""Axes: where mini-batches are, and what the loss of a moment is."""

import numpy as np
from PIL import Image, ImageDraw

from cutaway.look.axes import Axis, draw_axis, draw_line, recent_means
from cutaway.look.theme import THEMES

LIGHT = THEMES["light"]


def test_frames_are_evenly_apart_and_other_mini_batches_between_them():
    axis = Axis([1, 10, 100], 20, 220, 0)
    np.testing.assert_allclose(axis.places([1, 10, 55, 100]), [20, 120, 170, 220])
    assert Axis([7], 20, 220, 0).places(7) == 20


def test_the_loss_of_a_moment_is_the_mean_of_the_last_half_and_of_fifty_at_most():
    losses = np.arange(1.0, 201)
    means = recent_means(losses)
    assert means[:4].tolist() == [1, 2, 2.5, 3.5]
    assert means[199] == losses[150:].mean()
    assert recent_means([]).size == 0


def test_a_line_goes_through_its_points():
    image = Image.new("RGB", (100, 50), LIGHT.paper)
    draw_line(image, [10, 90], [40, 10], LIGHT.first)
    assert image.getpixel((50, 25)) == LIGHT.first
    assert image.getpixel((10, 10)) == LIGHT.paper


def test_numbers_are_written_where_there_is_room(monkeypatch):
    written = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda _, __, text, *___: written.append(text))
    image = Image.new("RGB", (700, 50), LIGHT.paper)
    steps = [1, 2, 10, 50, 100, 300, 1000, 2000]
    draw_axis(ImageDraw.Draw(image), Axis(steps, 5, 695, 20), 2000, 12, LIGHT)
    assert written == ["1", "10", "100", "1,000", "2,000"]
    written.clear()
    draw_axis(ImageDraw.Draw(image), Axis(steps, 5, 85, 20), 2000, 12, LIGHT)
    assert written == ["1", "10", "1,000"]
