"""Notes: a film says who wrote it and what it shows, and its frames are none the worse for it."""

from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image

from cutaway import Film
from cutaway.files import MARK, is_ours
from cutaway.look import notes
from cutaway.look.codecs import count_frames
from cutaway.look.film import SUFFIXES

TEXT = "64 tiles: from noise to “strokes” & <opposites>"
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 9, 7), np.uint8)


def write(path, images=IMAGES, description=TEXT):
    with Film(path, scale=1, description=description) as film:
        for image in images:
            film.write(image)
    return path


def read(path):
    """What other programs find in a film: its writer, and what it shows."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            return MARK, container.metadata.get("description", "")
    with Image.open(path) as image:
        if path.suffix == ".gif":
            writer, _, description = image.info["comment"].decode().partition("\n")
            return writer, description
        if path.suffix == ".apng":
            return image.text["Software"], image.text.get("Description", "")
        xmp = ElementTree.fromstring(image.info["xmp"])
    writer = xmp.findtext(".//{http://ns.adobe.com/xap/1.0/}CreatorTool")
    description = xmp.find(".//{http://purl.org/dc/elements/1.1/}description")
    return writer, "" if description is None else "".join(description.itertext())


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("description", ["", "a", "ab", TEXT, "ü" * 1000])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_says_who_wrote_it_and_what_it_shows(tmp_path, suffix, description, number):
    path = write(tmp_path / f"a{suffix}", IMAGES[:number], description)
    assert read(path) == (MARK, description)
    assert is_ours(path)
    assert count_frames(path)[0] == number


def chunks(data):
    """The names of a WebP's chunks, which must fill it."""
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at = 12
    while at < len(data):
        yield data[at : at + 4].decode()
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        at += at % 2
    assert at == len(data)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, ["VP8X", "VP8L", "XMP "]), (3, ["VP8X", "ANIM", "ANMF", "ANMF", "ANMF", "XMP "])],
)
def test_a_webp_tells_in_its_head_of_the_notes_at_its_end(tmp_path, number, expected):
    for description in ("a", "ab"):  # of which one needs a byte of padding
        data = write(tmp_path / "a.webp", IMAGES[:number], description).read_bytes()
        assert list(chunks(data)) == expected
        assert data[20] & 4
        assert data[24:30] == bytes([6, 0, 0, 8, 0, 0])  # width and height less one


def test_a_gif_is_noted_before_its_first_frame_however_large_it_is(tmp_path, monkeypatch):
    expected = write(tmp_path / "a.gif", [*IMAGES] * 9).read_bytes()
    monkeypatch.setattr(notes, "_PIECE", 900)  # a little more than its head
    assert write(tmp_path / "b.gif", [*IMAGES] * 9).read_bytes() == expected
    assert expected.index(MARK.encode()) < 900
    assert len(expected) > 1800


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_a_film_without_an_end_is_refused(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="its end is missing"):
        notes.add_notes(path, "", (7, 9))
