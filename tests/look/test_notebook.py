"""What the last line of a cell shows: pictures with their facts, bounded, or a sentence."""

import base64
import io
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cutaway.look import notebook

RNG = np.random.default_rng(0)
GRAY = (168, 172, 180)  # between tiles


class Page(HTMLParser):
    """The elements of a piece of HTML, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(self.words)

    @property
    def pictures(self):
        for image in self.all("img"):
            kind, data = image["src"].split(",")
            assert kind == "data:image/png;base64"
            yield Image.open(io.BytesIO(base64.b64decode(data)))


def layer(weights, shape=None):
    return Page(notebook.layer("Network(...)", np.asarray(weights, np.float32), shape))


def dataset(images, labels, shape=None, names=None):
    return Page(notebook.dataset("Dataset(...)", images, np.asarray(labels), shape, names))


def test_a_layer_is_a_sharp_picture_with_words_for_those_who_do_not_see_it():
    page = layer(RNG.normal(size=(784, 64)))
    (attributes,) = page.all("img")
    (picture,) = page.pictures
    assert "image-rendering:pixelated" in attributes["style"]
    assert int(attributes["width"]) == picture.width == 2 * (8 * 29 + 1)
    assert attributes["alt"] in page.text
    assert page.text.startswith("Network(...)")
    assert "one unit's 784 weights: orange excites it, blue inhibits it." in page.text


def test_a_page_has_the_text_colour_of_the_notebook():
    pages = [
        notebook.layer("", np.ones((4, 2), np.float32), None),
        notebook.dataset("", np.ones((3, 4), np.uint8), np.arange(3), None, None),
        notebook.history("", SimpleNamespace(losses=[1.0], epochs=[{"epoch": 1, "seconds": 0.1}])),
    ]
    assert not any(re.search(r"(?<!-)(color|background)\s*:", page) for page in pages)


def test_a_tile_has_the_shape_that_the_network_knows():
    one = np.zeros((6, 1), np.float32)
    for shape, size in (((2, 3), (28 * 3, 28 * 2)), ((3, 2), (28 * 2, 28 * 3))):
        (picture,) = layer(one, shape).pictures
        lines = (np.asarray(picture) == GRAY).all(axis=2)
        across, down = (lines.any(axis=axis).nonzero()[0] for axis in (0, 1))
        assert np.ptp(across) + 1 == 2 * size[0] + 2 * 4  # a line is a 28th of a tile
        assert np.ptp(down) + 1 == 2 * size[1] + 2 * 4


@pytest.mark.parametrize(
    ("fan_in", "units", "text"),
    [
        (784, 101, "Shown are the first 100 of 101 units."),
        (4, 5000, "Shown are the first 100 of 5,000 units."),
        (99_999, 100, "Of the weights, one in 345 is shown."),
        (1_000_000, 3, "Of the weights, one in 7 each way is shown."),
    ],
)
def test_what_is_large_is_shown_in_part_and_says_so(fan_in, units, text):
    weights = np.ones((fan_in, units), np.float32)
    weights[:, 100:] = np.nan  # which is not looked at
    html = notebook.layer("", weights, None)
    (picture,) = Page(html).pictures
    assert max(picture.size) < 1000
    assert text in Page(html).text
    assert len(html) < 1_000_000


def test_what_is_small_is_shown_whole_and_says_nothing():
    text = layer(RNG.normal(size=(784, 100))).text
    assert "Shown are" not in text
    assert "is shown" not in text


@pytest.mark.parametrize("units", [1, 64, 100])
@pytest.mark.parametrize("fan_in", [2, 13, 290, 5000])
def test_inputs_that_are_no_picture_are_strips_tall_enough_to_see(fan_in, units):
    (picture,) = layer(np.ones((fan_in, units))).pictures
    strip = (np.asarray(picture.convert("RGB")) != GRAY).any(axis=2).mean(axis=1) > 0.5
    assert strip[:8].sum() >= 4  # the first, and the line on top
    assert picture.width < 600


def test_a_layer_that_is_no_longer_finite_is_a_sentence():
    weights = np.ones((4, 3))
    weights[1, 1] = np.nan
    page = layer(weights)
    assert page.all("img") == []
    assert "no longer finite numbers: the training has diverged" in page.text


def test_a_history_is_its_curves_and_a_table_of_its_last_epochs():
    epochs = [
        {"epoch": i, "step": i, "train_loss": i / 7, "train_accuracy": 0.5, "seconds": 1.0}
        for i in range(1, 31)
    ]
    page = Page(notebook.history("H", SimpleNamespace(losses=[1.0] * 30, epochs=epochs)))
    (picture,) = page.pictures
    assert picture.width > 600
    assert len(page.all("tr")) == 11
    assert "epoch training loss training accuracy seconds 21 3.0000 50.00% 1.00 22" in page.text
    assert "The table has the last 10 of 30 epochs." in page.text
    short = Page(notebook.history("H", SimpleNamespace(losses=[1.0], epochs=epochs[:1])))
    assert "last" not in short.text


@pytest.mark.parametrize(
    ("losses", "text"), [([], "Nothing has been learned yet."), ([1.0, np.inf], "not a finite")]
)
def test_a_history_without_a_curve_is_a_sentence(losses, text):
    page = Page(notebook.history("H", SimpleNamespace(losses=losses, epochs=[])))
    assert page.all("img") == []
    assert text in page.text


def test_a_dataset_is_samples_of_every_class_in_turn():
    images = np.arange(20, dtype=np.uint8)[:, np.newaxis].repeat(4, axis=1)
    page = dataset(images, [0] * 15 + [1] * 3 + [2] * 2)
    assert [image["alt"] for image in page.all("img")] == [
        f"sample {number}: {label}"
        for number, label in zip([0, 15, 18, 1, 16, 19, 2, 17, 3, 4], "0120120100", strict=True)
    ]
    assert [int(np.asarray(p)[0, 0]) for p in page.pictures] == [0, 15, 18, 1, 16, 19, 2, 17, 3, 4]
    assert "10 of 20 samples, each above its label." in page.text


def test_class_names_stand_below_the_samples_and_are_text_whatever_they_hold():
    names = ("shirt", "<script>alert('\"')</script>")
    page = dataset(np.ones((3, 4), np.uint8), [0, 1, 2], names=names)
    assert page.all("script") == []
    assert [div["title"] for div in page.all("div") if "title" in div] == [*names, "2"]
    assert page.all("img")[1]["alt"] == f"sample 1: {names[1]}"
    assert all(name in page.words for name in (*names, "2"))


def test_facts_are_text_whatever_they_hold():
    page = Page(notebook.history("<script>", SimpleNamespace(losses=[], epochs=[])))
    assert page.all("script") == []
    assert "<script>" in page.words


def test_bytes_are_grays_as_they_are_and_floats_from_black_to_white():
    (first, second) = dataset(np.array([[9] * 4, [100] * 4], np.uint8), [0, 1]).pictures
    assert (first.getpixel((0, 0)), second.getpixel((0, 0))) == (9, 100)
    (first, second) = dataset(np.array([[-1.0] * 4, [3.0] * 4], np.float32), [0, 1]).pictures
    assert (first.getpixel((0, 0)), second.getpixel((0, 0))) == (0, 255)
    (flat,) = dataset(np.full((1, 4), 7.0, np.float32), [0]).pictures
    assert flat.getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("shape", "size", "text"),
    [
        ((28, 28), (56, 56), "label."),
        ((2, 4), (56, 28), "label."),
        ((500, 1000), (112, 56), "Of the pixels, one in 18 each way is shown."),
        ((1, 1000), (112, 12), "Of the pixels, one in 18 is shown."),
    ],
)
def test_a_sample_has_a_size_to_see_it_by(shape, size, text):
    page = dataset(RNG.integers(0, 256, (2, shape[0] * shape[1]), np.uint8), [0, 1], shape)
    assert [picture.size for picture in page.pictures] == [size, size]
    assert page.text.endswith(text)


def film(path, codec="h264", state="finished", description=""):
    return Page(notebook.film("Film(...)", path, codec, state, description))


def test_a_film_is_a_video_within_the_page(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"frames")
    (video,) = film(path).all("video")
    assert video["src"] == "data:video/mp4;base64," + base64.b64encode(b"frames").decode()
    assert {"controls", "playsinline", "muted"} < set(video)
    assert video["aria-label"] == "a.mp4"
    (video,) = film(path, description='from "noise" to strokes').all("video")
    assert video["aria-label"] == 'from "noise" to strokes'


@pytest.mark.parametrize("codec", ["gif", "webp", "apng"])
def test_an_animation_is_an_image_within_the_page(tmp_path, codec):
    path = tmp_path / f"a.{codec}"
    path.write_bytes(b"frames")
    (image,) = film(path, codec).all("img")
    assert image["src"] == f"data:image/{codec};base64," + base64.b64encode(b"frames").decode()
    assert image["alt"] == path.name
    (image,) = film(path, codec, description='from "noise" to strokes').all("img")
    assert image["alt"] == 'from "noise" to strokes'


def test_a_film_too_large_for_a_page_is_a_link(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    path = tmp_path / "films" / 'my "first" film.mp4'
    with path.open("wb") as file:
        file.truncate(12_000_000)
    page = film(path)
    assert page.all("video") == film(path, "gif").all("img") == []
    assert page.all("a") == [{"href": "films/my%20%22first%22%20film.mp4"}]
    assert "With 12 MB it is too large for a notebook" in page.text
    monkeypatch.chdir(tmp_path / "films")
    (tmp_path / "b.mp4").write_bytes(path.read_bytes())
    assert film(tmp_path / "b.mp4").all("a") == [{"href": (tmp_path / "b.mp4").as_uri()}]


@pytest.mark.parametrize(
    ("codec", "state", "text"),
    [
        ("h264", "open", "It is not finished yet: leave its with-block, or call close()."),
        ("h264", "empty", "It has no frames, so there is no file."),
        ("h264", "finished", "Its file is no longer there."),
    ],
)
def test_a_film_that_cannot_be_shown_is_a_sentence(tmp_path, codec, state, text):
    page = film(tmp_path / "a.mp4", codec, state)
    assert page.all("video") == []
    assert text in page.text


def test_a_film_that_browsers_do_not_play_says_which_codec_they_do(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"frames")
    page = film(tmp_path / "a.mp4", "mp4v")
    assert page.all("video") == []
    assert "No browser plays mp4v" in page.text
    assert "codec='h264' plays here" in page.text
    assert len(page.all("a")) == 1
