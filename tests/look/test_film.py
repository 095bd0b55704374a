"""Film: what is written comes out of the file again, or there is no file."""

import os
import queue
import resource
import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from cutaway import Film
from cutaway.look.codecs import CODECS, count_frames
from cutaway.look.encoder import Streamed
from cutaway.look.film import SUFFIXES, WAITING, WAITING_BYTES
from cutaway.look.video import Mp4v

VIDEO = ("h264", "mp4v")
RNG = np.random.default_rng(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "learn.mp4"


@pytest.fixture(params=CODECS)
def codec(request):
    return request.param


@pytest.fixture
def path_of(tmp_path, codec):
    """A film's path for every codec in turn."""
    return tmp_path / f"learn{CODECS[codec].suffix}"


@pytest.fixture(autouse=True)
def _no_thread_stays_behind():
    yield
    assert "cutaway film" not in [thread.name for thread in threading.enumerate()]


def plain(colour=(0, 0, 0), height=16, width=16):
    return np.full((height, width, 3), colour, np.uint8)


def write(path, images, **options):
    return fill(Film(path, **options), images)


def fill(film, images):
    with film:
        for image in images:
            film.write(image)
    return film


def images_then(error):
    yield from [plain((255, 0, 0))] * 7
    raise error


def decode(path):
    if path.suffix != ".mp4":
        with Image.open(path) as image:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def count_by_others(path):
    """How many frames another program tells of, and how many it shows."""
    if path.suffix != ".mp4":
        with Image.open(path) as image:
            return image.n_frames, len(list(ImageSequence.Iterator(image)))
    video = cv2.VideoCapture(str(path))
    shown = 0
    while video.read()[0]:
        shown += 1
    return video.get(cv2.CAP_PROP_FRAME_COUNT), shown


def files(path):
    return sorted(p.name for p in path.parent.iterdir())


def test_h264_is_what_every_browser_plays(path):
    write(path, [plain()] * 5, fps=25)
    with av.open(str(path)) as container:
        (stream,) = container.streams  # one, and no sound
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 25
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # playable before it is all there


@pytest.mark.parametrize("codec", VIDEO)
@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (30.0, 30),
        (np.int64(30), 30),
        (np.float32(29.97), Fraction(2997, 100)),
        (Decimal("29.97"), Fraction(2997, 100)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (0.5, Fraction(1, 2)),
        (0.01, Fraction(1, 100)),
        (1000, 1000),
    ],
)
def test_frames_per_second_are_any_number(path, codec, fps, expected):
    film = write(path, [plain()] * 3, fps=fps, codec=codec)
    assert film.fps == expected
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert float(stream.average_rate) == pytest.approx(float(expected), rel=1e-4)
    assert len(decode(path)) == 3


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("mp4v", "mpeg4")])
def test_the_codec_is_the_one_that_was_asked_for(path, codec, name):
    write(path, [plain()] * 3, codec=codec)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == name


@pytest.mark.parametrize(
    ("name", "codec", "fps"),
    [
        ("a.mp4", "h264", 70),
        ("a.gif", "gif", 10),
        ("a.webp", "webp", 10),
        ("a.apng", "apng", 10),
        ("A.GIF", "gif", 10),
    ],
)
def test_the_suffix_tells_what_a_film_is(tmp_path, name, codec, fps):
    film = write(tmp_path / name, [plain()] * 2)
    assert (film.codec, film.fps) == (codec, fps)
    first = {"gif": b"GIF89a", "webp": b"RIFF", "apng": b"\x89PNG", "h264": b"\0\0\0 ftyp"}
    assert film.path.read_bytes().startswith(first[codec])
    assert {its.suffix for its in CODECS.values()} == set(SUFFIXES)


def test_as_many_frames_come_out_as_went_in(path_of, codec):
    for number in (1, 150):
        noise = RNG.integers(0, 256, (number, 8, 8, 3), np.uint8)
        film = write(path_of, noise, codec=codec)
        assert film.frames == number == len(decode(path_of)) == count_frames(path_of)[0]
        assert files(path_of) == [path_of.name]


@pytest.mark.parametrize("number", [1, 2, 30])
def test_frames_that_are_alike_are_not_merged(path_of, codec, number):
    image = RNG.integers(0, 256, (8, 8, 3), np.uint8)
    write(path_of, [image] * number, codec=codec)
    assert count_by_others(path_of) == (number, number)
    assert count_frames(path_of) == (number, 16, 16)


def test_colours_and_the_order_of_frames_survive(path_of, codec):
    colours = [(255, 0, 0), (0, 0, 255), (217, 95, 14), (255, 255, 255), (0, 0, 0), (33, 113, 181)]
    write(path_of, [plain(colour) for colour in colours], codec=codec)
    shown = [frame.mean(axis=(0, 1)) for frame in decode(path_of)]
    np.testing.assert_allclose(shown, colours, atol=8 if codec in VIDEO else 0)


def test_left_stays_left_and_top_stays_top(path_of, codec):
    image = plain(height=16, width=24)
    image[:8, :12] = 255
    write(path_of, [image], codec=codec)
    (frame,) = decode(path_of)
    bright = frame[..., 1] > 128
    assert bright.shape == (32, 48)
    assert bright[:14, :22].all()
    assert not bright[18:].any()
    assert not bright[:, 26:].any()


@pytest.mark.parametrize(
    ("codec", "height", "width", "scale", "expected"),
    [
        ("h264", 15, 17, 1, (16, 18)),
        ("h264", 16, 20, 2, (32, 40)),
        ("h264", 1, 64, 3, (4, 192)),
        ("mp4v", 15, 17, 3, (46, 52)),
        ("gif", 15, 17, 3, (45, 51)),
        ("webp", 15, 17, 1, (15, 17)),
        ("apng", 1, 1, 1, (1, 1)),
    ],
)
def test_sizes_are_scaled_and_made_even_for_a_video(path_of, codec, height, width, scale, expected):
    write(path_of, [plain((200, 200, 200), height, width)], codec=codec, scale=scale)
    (frame,) = decode(path_of)
    assert frame.shape[:2] == expected
    assert frame.min() > 180  # what is added at the edge goes on as the edge


def test_gray_arrays_and_pillow_images_are_as_good_as_rgb(path):
    gray = RNG.integers(0, 256, (16, 16), np.uint8)
    write(path, [gray.repeat(3).reshape(16, 16, 3)])
    expected = path.read_bytes()
    pillow = [Image.fromarray(gray).convert(mode) for mode in ("L", "RGBA", "P")]
    for image in (gray, gray[:, :, np.newaxis], *pillow):
        write(path, [image])
        assert path.read_bytes() == expected


@pytest.mark.parametrize(
    ("value", "alpha", "shown"), [(0, 0, 255), (0, 255, 0), (100, 128, 177), (255, 7, 255)]
)
def test_what_is_transparent_shows_white(path, value, alpha, shown):
    expected = write(path, [plain([shown] * 3)]).path.read_bytes()
    rgba = np.full((16, 16, 4), value, np.uint8)
    rgba[:, :, 3] = alpha
    gray = Image.merge("LA", [Image.new("L", (16, 16), level) for level in (value, alpha)])
    palette = Image.new("P", (16, 16))
    palette.putpalette([value] * 3)
    palette.info["transparency"] = bytes([alpha])
    for image in (rgba, memoryview(rgba), Image.fromarray(rgba), gray, palette):
        write(path, [image])
        assert path.read_bytes() == expected


def test_a_canvas_of_matplotlib_is_an_image(path):
    figure = Figure(figsize=(1, 0.5), dpi=40, facecolor=(1, 0, 0, 0.5))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    expected = write(path, [plain((255, 127, 127), 20, 40)]).path.read_bytes()
    for image in (canvas.buffer_rgba(), np.asarray(canvas.buffer_rgba())):
        write(path, [image])
        assert path.read_bytes() == expected


def test_an_array_may_be_reused_for_the_next_image(path):
    with Film(path) as film:
        image = plain()
        for level in range(0, 250, 5):
            image[...] = level
            film.write(image)
    assert (np.diff([frame.mean() for frame in decode(path)]) > 2).all()


def test_pace_log_keeps_all_of_the_beginning_and_ever_fewer_later(path):
    with Film(path, pace="log", scale=1) as film:
        kept = []
        for i in range(1000):
            before = film.frames
            film.write(plain())
            if film.frames > before:
                kept.append(i)
    assert kept[:50] == list(range(50))
    assert 200 < len(kept) < 260
    assert max(np.diff(kept)) > 10
    assert film.frames == len(kept) == len(decode(path))


@pytest.mark.parametrize("fps", [10, Fraction(30000, 1001)])
@pytest.mark.parametrize("number", [1, 2, 40])
def test_a_video_holds_its_last_frame(path, number, fps):
    write(path, [plain()] * number, fps=fps, hold=1.25)  # of which x264 changes the order
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        seconds = (number - 1) / Fraction(fps) + Fraction(5, 4)
        assert stream.duration * stream.time_base == pytest.approx(seconds, abs=1e-3)
        packets = [packet for packet in container.demux(stream) if packet.size]
        last = packets[
            -1
        ]  # what is decoded last has to be what is shown last: browsers end with it
        assert last.pts == max(packet.pts for packet in packets)
        assert last.duration * stream.time_base == pytest.approx(1.25, abs=1e-3)
    assert count_by_others(path) == (number, number)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_hold_that_is_no_longer_than_a_frame_changes_nothing(tmp_path, suffix):
    # Flat: of noise in 16 x 16 pixels two equal films differed once, on a CPU with AVX-512.
    path, images = tmp_path / f"learn{suffix}", [plain([level] * 3, 32, 32) for level in range(5)]
    expected = write(path, images, fps=10).path.read_bytes()
    assert write(path, images, fps=10, hold=0.1).path.read_bytes() == expected


def test_an_image_of_another_size_is_an_error_that_leaves_nothing(path):
    with pytest.raises(ValueError, match="image must be 16x8 as the first, got 8x16"):
        write(path, [plain(height=8, width=16), plain(height=16, width=8)])
    assert files(path) == []


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("learn.avi", {}, ValueError, "path must end in .mp4, .gif, .webp or .apng, got "),
        ("learn.png", {}, ValueError, "path must end in .mp4, .gif, .webp or .apng, got "),
        ("a.mp4", {"codec": "avc1"}, ValueError, "codec must be 'h264' or 'mp4v' for .mp4, got 'a"),
        ("a.gif", {"codec": "h264"}, ValueError, "codec must be 'gif' for .gif, got 'h264'"),
        ("a.gif", {"fps": 51}, ValueError, "fps must be at most 50 for gif, which browsers would "),
        ("a.webp", {"fps": 100}, ValueError, "fps must be at most 90 for webp, which browsers "),
        ("a.gif", {"hold": 601}, ValueError, "hold must be from 0 to 600, got 601"),
        ("a.gif", {"hold": -1}, ValueError, "hold must be from 0 to 600, got -1"),
        (
            "a.mp4",
            {"codec": "mp4v", "hold": 2},
            ValueError,
            "hold must be left out for codec 'mp4v'",
        ),
        (
            "a.mp4",
            {"codec": "mp4v", "description": "a"},
            ValueError,
            "description must be left out",
        ),
        (
            "a.mp4",
            {"description": "a\nb"},
            ValueError,
            "description must be a line of at most 1000",
        ),
        ("a.mp4", {"description": None}, TypeError, "description must be text, got None"),
        ("learn.mp4", {"pace": "slow"}, ValueError, "pace must be one of"),
        ("learn.mp4", {"fps": 0}, ValueError, "fps must be from 0.01 to 1000, got 0"),
        ("learn.mp4", {"fps": -1.5}, ValueError, "fps must be from 0.01 to 1000, got -1.5"),
        ("learn.mp4", {"fps": np.nan}, ValueError, "fps must be from 0.01 to 1000, got nan"),
        ("learn.mp4", {"fps": True}, TypeError, "fps must be a number, got True"),
        ("learn.mp4", {"fps": "30"}, TypeError, "fps must be a number, got '30'"),
        ("learn.mp4", {"scale": 1.5}, TypeError, "scale must be an integer, got 1.5"),
        ("no/learn.mp4", {}, FileNotFoundError, "no is not a folder"),
    ],
)
def test_what_makes_no_film_is_refused_at_once(tmp_path, name, options, error, text):
    with pytest.raises(error) as caught:
        Film(tmp_path / name, **options)
    assert str(caught.value).startswith("Film: ")
    assert text in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((8, 8)), TypeError),
        ([[0, 0], [0, 0]], TypeError),
        (bytes(64), TypeError),
        (np.zeros((8, 8, 2), np.uint8), ValueError),
        (np.zeros((8, 8, 5), np.uint8), ValueError),
        (np.zeros((0, 8, 4), np.uint8), ValueError),
        (np.zeros(8, np.uint8), ValueError),
        (np.zeros((1, 8, 8, 3), np.uint8), ValueError),
    ],
)
def test_what_is_no_image_is_refused(path, image, error):
    with pytest.raises(error, match=r"^Film: image must be"):
        write(path, [image])
    assert files(path) == []


def test_a_film_without_images_leaves_no_file(path):
    write(path, [])
    assert files(path) == []


def test_nothing_can_be_added_to_a_finished_film(path):
    film = write(path, [plain()])
    with pytest.raises(ValueError, match="is finished"):
        film.write(plain())
    film.close()  # a second time does no harm
    assert len(decode(path)) == 1


def test_a_film_left_by_an_error_keeps_the_older_one(path_of, codec):
    write(path_of, [plain()] * 3, codec=codec)
    before = path_of.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write(path_of, images_then(ZeroDivisionError), codec=codec)
    assert path_of.read_bytes() == before
    assert files(path_of) == [path_of.name]


def test_a_film_left_by_ctrl_c_is_finished(path_of, codec):
    write(path_of, [plain()] * 3, codec=codec)
    with pytest.raises(KeyboardInterrupt):
        write(path_of, images_then(KeyboardInterrupt), codec=codec)
    assert len(decode(path_of)) == 7
    assert files(path_of) == [path_of.name]


def test_ctrl_c_at_the_worst_moment_still_leaves_a_whole_film(path, monkeypatch):
    put = queue.Queue.put

    def put_and_interrupt(queue, image):
        put(queue, image)
        if image is not None:  # which is how the end is told
            raise KeyboardInterrupt

    monkeypatch.setattr(queue.Queue, "put", put_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(path, [plain()])
    assert len(decode(path)) == 1


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_a_full_disk_is_a_sentence_and_keeps_the_older_film(path_of, codec, share):
    images = RNG.integers(0, 256, (5, 64, 64), np.uint8)
    before = write(path_of, images, codec=codec).path.read_bytes()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * len(before)), unlimited[1]))
        with pytest.raises(OSError, match=f"^Film: .*{path_of.name} (cannot be written|came out)"):
            write(path_of, images, codec=codec)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert path_of.read_bytes() == before
    assert files(path_of) == [path_of.name]


@pytest.mark.parametrize("name", ["run-12:30/learn-1:2", "tcp:127.0.0.1:9", os.fsdecode(b"\xff")])
def test_a_path_is_a_path_and_no_protocol(path_of, codec, name, monkeypatch):
    monkeypatch.chdir(path_of.parent)
    path = Path(name + path_of.suffix)
    path.parent.mkdir(exist_ok=True)
    write(path, [plain()] * 3, codec=codec)
    assert files(path) == [path.name]
    assert len(decode(path.absolute())) == 3 if name.isascii() else path.stat().st_size > 100


def test_a_folder_whose_name_is_no_utf8_has_films_but_opencvs_whose_error_is_a_sentence(
    path_of, codec
):
    path = path_of.parent / os.fsdecode(b"\xff") / path_of.name
    path.parent.mkdir()
    if codec == "mp4v":  # OpenCV dies of it
        with pytest.raises(OSError, match="no folder whose name is not UTF-8"):
            write(path, [plain()], codec=codec)
        assert files(path) == []
    else:
        write(path, [plain()], codec=codec)
        assert files(path) == [path.name]


def test_a_forked_child_leaves_the_film_to_its_parent(path_of, codec):
    with Film(path_of, codec=codec) as film:
        film.write(plain())
        read, told = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                film.close()
                film.discard()
                film.write(plain())
            except ValueError as error:
                os.write(told, str(error).encode())
            finally:
                os._exit(0)
        os.close(told)
        os.waitpid(child, 0)
        with os.fdopen(read, "rb") as answer:
            assert b"is another process's" in answer.read()
        film.write(plain())
    assert len(decode(path_of)) == 2
    assert files(path_of) == [path_of.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_reach_the_file_while_others_are_still_to_come(tmp_path, suffix):
    with Film(tmp_path / f"learn{suffix}") as film:
        for image in RNG.integers(0, 256, (2 * WAITING, 64, 64, 3), np.uint8):
            film.write(image)
        assert next(tmp_path.glob(f".*.partial{suffix}")).stat().st_size > 100_000


@pytest.mark.parametrize(
    ("side", "waiting"),
    [(16, WAITING), (932, WAITING_BYTES // (3 * 932**2)), (2400, 2)],
)
def test_images_that_wait_for_the_encoder_have_bounded_memory(path, monkeypatch, side, waiting):
    film, enough = Film(path, scale=1), threading.Event()
    monkeypatch.setattr(Streamed, "add", lambda *_: enough.wait(timeout=20))
    image = plain(height=side, width=side)

    def go_on_writing():
        with pytest.raises(OSError, match=r"came out as|cannot be written"):
            fill(film, [image] * (waiting + 5))

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    end = time.monotonic() + 20
    while film.frames <= waiting and time.monotonic() < end:
        time.sleep(0.01)
    writer.join(timeout=0.1)
    assert film.frames == waiting + 1  # with the one that is being encoded
    enough.set()
    writer.join(timeout=20)


@pytest.mark.parametrize("method", ["__init__", "add", "close"])
def test_an_encoder_that_fails_is_an_error_and_keeps_the_older_film(path, monkeypatch, method):
    write(path, [plain()])
    before = path.read_bytes()

    def fail(encoder, *_):
        if method != "__init__":
            encoder._container.close()  # or it would be ended whenever Python finds it
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Streamed, method, fail)
    with pytest.raises(OSError, match=r"learn\.mp4 cannot be written: the disk is full"):
        write(path, [plain()] * 200)  # more than wait for the encoder at a time
    assert path.read_bytes() == before
    assert files(path) == ["learn.mp4"]


def test_an_encoder_that_fails_while_images_wait_for_it_does_not_hang_the_writer(path, monkeypatch):
    film, enough = Film(path), threading.Event()

    def fail(*_):
        enough.wait(timeout=20)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Streamed, "add", fail)

    def images():
        for i in range(2 * WAITING):
            if i == WAITING:  # as many as there is room for, beside the one that fails
                threading.Timer(0.05, enough.set).start()  # while the next waits for room
            yield plain()

    def go_on_writing():
        with pytest.raises(OSError, match="the disk is full"):
            fill(film, images())

    writer = threading.Thread(target=go_on_writing, daemon=True)
    writer.start()
    writer.join(timeout=20)
    assert not writer.is_alive()
    assert files(path) == []


@pytest.mark.parametrize(("scale", "high"), [(2, 10), (2, 9), (3, 6)])
def test_a_caption_stands_below_the_image_at_its_own_size(path_of, codec, scale, high):
    caption = plain((0, 0, 255), high, 16 * scale)
    caption[:, : 8 * scale] = 255
    with Film(path_of, codec=codec, scale=scale) as film:
        for _ in range(3):
            film.write(plain((217, 95, 14), 8, 16), caption)
    frames = decode(path_of)
    assert len(frames) == 3
    for frame in frames:
        colours = [frame[4, 4], frame[8 * scale + 4, 4], frame[8 * scale + 4, -4]]
        np.testing.assert_allclose(colours, [(217, 95, 14), (255, 255, 255), (0, 0, 255)], atol=16)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ((plain(), None), "caption must be 32x6 as the first, got none"),
        ((plain(), plain(height=5, width=32)), "caption must be 32x6 as the first, got 32x5"),
        (
            (plain(height=8), plain(height=6, width=32)),
            "image must be 16x16 as the first, got 16x8",
        ),
    ],
)
def test_a_caption_is_of_one_size_as_the_image_is(path, second, sentence):
    film = Film(path)
    film.write(plain(), plain(height=6, width=32))
    with pytest.raises(ValueError, match=sentence):
        film.write(*second)
    film.discard()
    assert files(path) == []


def test_a_caption_is_as_wide_as_the_enlarged_image(path):
    with pytest.raises(ValueError, match="caption must be 32 wide, as the image enlarged, got 16"):
        Film(path).write(plain(), plain(height=6, width=16))


def test_an_encoder_that_drops_frames_in_silence_is_an_error(path, monkeypatch):
    add = Mp4v.add
    monkeypatch.setattr(Mp4v, "add", lambda self, f, _: f[0, 0, 0] and add(self, f, None))
    with pytest.raises(OSError, match="came out as 2 frames of 32x32, not 3 of 32x32"):
        write(path, [plain((9, 9, 9)), plain((0, 0, 0)), plain((9, 9, 9))], codec="mp4v")
    assert files(path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.1, 0.999])
def test_a_file_that_breaks_off_is_an_error(tmp_path, monkeypatch, suffix, kept):
    close = Streamed.close

    def close_and_cut(self):
        close(self)
        partial = next(tmp_path.glob(f".*.partial{suffix}"))
        data = partial.read_bytes()
        partial.write_bytes(data[: int(kept * len(data))])

    monkeypatch.setattr(Streamed, "close", close_and_cut)
    with pytest.raises(OSError, match=rf"learn\{suffix} (cannot be written|came out as)"):
        write(tmp_path / f"learn{suffix}", RNG.integers(0, 256, (3, 32, 32), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_count_frames_refuses_what_is_no_film(path_of):
    path_of.write_bytes(b"no film" * 100)
    with pytest.raises(OSError, match="not a readable film"):
        count_frames(path_of)


def test_a_notebook_shows_a_finished_film_and_a_sentence_until_then(tmp_path):
    with Film(tmp_path / "a.mp4") as film:
        film.write(np.zeros((8, 8), np.uint8))
        assert "not finished yet" in film._repr_html_()
    assert '<video src="data:video/mp4;base64,' in film._repr_html_()
    film = write(tmp_path / "a.gif", [plain()], description="It stays black.")
    assert '<img src="data:image/gif;base64,' in film._repr_html_()
    assert 'alt="It stays black."' in film._repr_html_()


def test_a_notebook_does_not_show_the_older_film_in_place_of_one_that_failed(tmp_path):
    path = tmp_path / "a.mp4"
    with Film(path) as film:
        film.write(np.zeros((8, 8), np.uint8))
    failed = Film(path)
    failed.write(np.zeros((8, 8), np.uint8))
    failed.discard()
    assert path.exists()
    assert "<video" not in failed._repr_html_()
