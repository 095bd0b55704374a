"""Race: what film and picture tell of each training, and that neither hides one that failed."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import ImageDraw

from cutaway.look.board import Board, Entry
from cutaway.look.race import RaceFrames, summary
from cutaway.look.theme import THEMES

RNG = np.random.default_rng(0)


def entry(name="lr 1", losses=100, failed=None, strength=1.0, **more):
    layer = strength * RNG.normal(size=(64, 16)).astype(np.float32)
    curve = np.geomspace(2, 0.1, losses).tolist()
    return Entry(name=name, layer=layer, losses=curve, failed=failed, **{"accuracies": {}, **more})


def test_what_is_told_is_measured_then():
    one = entry(accuracies={1: 0.1, 50: 0.5, 100: 0.9})
    assert one.told(50) == ("validation 50.00%", f"loss {np.mean(one.losses[25:50]):.3f}")
    assert one.told(60)[0] == "validation 50.00%"
    assert one.told(60)[1].endswith(", validated at batch 50")
    assert one.told(100)[0] == "validation 90.00%"
    assert one.told(300)[1].endswith(", ended at batch 100")


def test_a_failure_is_told_in_words_from_then_on():
    one = entry(losses=36, failed=37, accuracies={20: 0.2})
    assert one.told(36)[0] == "validation 20.00%"
    assert one.told(37) == ("failed at batch 37", "its loss is not finite any more")


def test_without_a_validation_set_the_loss_is_all_that_is_told():
    assert entry().told(100) == ("", f"loss {np.mean(entry().losses[50:]):.3f}")
    assert entry(losses=0).told(0) == ("", "")


def test_the_colours_are_those_of_the_training_in_the_middle():
    entries = [entry(strength=s) for s in (1e9, 1, 0.001)]
    middle = np.quantile(np.abs(entries[1].layer), 0.999)
    assert Board(entries, (8, 8), "light").limit == pytest.approx(middle)
    nothing = [entry(strength=0), entry(strength=0)]
    assert Board(nothing, (8, 8), "light").limit == 1


def test_the_picture_is_told_in_a_sentence():
    image = summary(
        [
            entry("lr 1", accuracies={100: 0.5}, note="test set: learned"),
            entry("lr 9", losses=36, failed=37, note="try a smaller lr"),
        ],
        shape=(8, 8), theme="light",
    )  # fmt: skip
    assert image.info["Description"].startswith(
        "race of 2 trainings: lr 1: validation 50.00%, loss 0.230, test set: learned; lr 9: failed at "
        "batch 37, its loss is not finite any more, try a smaller lr; tiles are the first 16 units of "
        "the first layer, blue below zero, orange above, strongest colour at "
    )


def test_a_race_that_nobody_finished_tells_that_all_failed():
    told = summary([entry(losses=n, failed=n + 1) for n in (0, 4)], shape=(8, 8), theme="dark")
    assert told.info["Description"].count("its loss is not finite any more") == 2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("losses", [0, 1, 500])
def test_a_picture_fits_a_slide_and_its_text_can_be_read(monkeypatch, theme, count, losses):
    sizes = []
    write = ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw, "text",
        lambda self, xy, text, fill, font, anchor: (
            sizes.append(font.size), write(self, xy, text, fill, font, anchor)
        ),
    )  # fmt: skip
    entries = [entry(losses=losses, note="word " * 30) for _ in range(count)]
    image = summary(entries, shape=(8, 8), theme=theme)
    assert 900 <= image.width <= 1952
    assert 300 <= image.height <= 1200
    assert min(sizes) >= 12
    assert image.getpixel((0, 0)) == THEMES[theme].paper


@pytest.mark.parametrize("count", [2, 3, 6])
def test_a_film_s_frames_are_of_one_size_that_a_screen_has_room_for(count):
    entries = [entry(losses=100, accuracies={50: 0.5}) for _ in range(count - 1)]
    entries.append(entry(losses=36, failed=37))
    frames = RaceFrames(entries, shape=(8, 8), steps=[1, 37, 50, 100], theme="light")
    seen = [frames.draw(number, [e.layer for e in entries]) for number in range(4)]
    assert len({(image.shape, caption.shape) for image, caption in seen}) == 1
    image, caption = seen[0]
    assert caption.shape[1] == image.shape[1] * frames.scale <= 1920
    assert 700 <= image.shape[0] * frames.scale + len(caption) <= 1080
    assert all((a[1] != b[1]).any() for a, b in pairwise(seen))
