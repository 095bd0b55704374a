"""Film: what is written comes out of the file again, or there is no file."""

import queue
import threading
from decimal import Decimal
from fractions import Fraction

import av
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from cutaway import Film
from cutaway.look.codecs import ENCODERS, H264, Mp4v, count_frames
from cutaway.look.film import WAITING

RNG = np.random.default_rng(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "learn.mp4"


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
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


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


@pytest.mark.parametrize("codec", ENCODERS)
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


@pytest.mark.parametrize("codec", ENCODERS)
def test_as_many_frames_come_out_as_went_in(path, codec):
    for number in (1, 150):
        noise = RNG.integers(0, 256, (number, 8, 8, 3), np.uint8)
        film = write(path, noise, codec=codec)
        assert film.frames == number == len(decode(path)) == count_frames(path)[0]
        assert files(path) == ["learn.mp4"]


@pytest.mark.parametrize("codec", ENCODERS)
def test_colours_and_the_order_of_frames_survive(path, codec):
    colours = [(255, 0, 0), (0, 0, 255), (217, 95, 14), (255, 255, 255), (0, 0, 0), (33, 113, 181)]
    write(path, [plain(colour) for colour in colours], codec=codec)
    shown = [frame.mean(axis=(0, 1)) for frame in decode(path)]
    np.testing.assert_allclose(shown, colours, atol=8)


@pytest.mark.parametrize("codec", ENCODERS)
def test_left_stays_left_and_top_stays_top(path, codec):
    image = plain(height=16, width=24)
    image[:8, :12] = 255
    write(path, [image], codec=codec)
    (frame,) = decode(path)
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
    ],
)
def test_sizes_are_scaled_and_made_even(path, codec, height, width, scale, expected):
    write(path, [plain((200, 200, 200), height, width)], codec=codec, scale=scale)
    (frame,) = decode(path)
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


def test_an_image_of_another_size_is_an_error_that_leaves_nothing(path):
    with pytest.raises(ValueError, match="image must be 16x8 as the first, got 8x16"):
        write(path, [plain(height=8, width=16), plain(height=16, width=8)])
    assert files(path) == []


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("learn.avi", {}, ValueError, "path must end in .mp4"),
        ("learn.mp4", {"codec": "avc1"}, ValueError, "codec must be one of"),
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


def test_a_film_left_by_an_error_keeps_the_older_one(path):
    write(path, [plain()] * 3)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write(path, images_then(ZeroDivisionError))
    assert path.read_bytes() == before
    assert files(path) == ["learn.mp4"]


def test_a_film_left_by_ctrl_c_is_finished(path):
    write(path, [plain()] * 3)
    with pytest.raises(KeyboardInterrupt):
        write(path, images_then(KeyboardInterrupt))
    assert len(decode(path)) == 7
    assert files(path) == ["learn.mp4"]


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


def test_a_film_says_who_wrote_it(path):
    write(path, [plain()])
    assert b"written by cutaway " in path.read_bytes()[-100:]


@pytest.mark.parametrize("method", ["__init__", "add", "close"])
def test_an_encoder_that_fails_is_an_error_and_keeps_the_older_film(path, monkeypatch, method):
    write(path, [plain()])
    before = path.read_bytes()

    def fail(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(H264, method, fail)
    with pytest.raises(OSError, match=r"learn\.mp4 cannot be written: the disk is full"):
        write(path, [plain()] * 200)  # more than wait for the encoder at a time
    assert path.read_bytes() == before
    assert files(path) == ["learn.mp4"]


def test_an_encoder_that_fails_while_images_wait_for_it_does_not_hang_the_writer(path, monkeypatch):
    film, enough = Film(path), threading.Event()

    def fail(*_):
        enough.wait(timeout=20)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(H264, "add", fail)

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


def test_an_encoder_that_drops_frames_in_silence_is_an_error(path, monkeypatch):
    add = Mp4v.add
    monkeypatch.setattr(Mp4v, "add", lambda self, f, _: f[0, 0, 0] and add(self, f))
    with pytest.raises(OSError, match="came out as 2 frames of 32x32, not 3 of 32x32"):
        write(path, [plain((9, 9, 9)), plain((0, 0, 0)), plain((9, 9, 9))], codec="mp4v")
    assert files(path) == []


def test_an_encoder_that_writes_rubbish_is_an_error(path, monkeypatch):
    close = H264.close

    def close_and_cut(self):
        close(self)
        partial = path.with_name(".learn.partial.mp4")
        partial.write_bytes(partial.read_bytes()[:200])

    monkeypatch.setattr(H264, "close", close_and_cut)
    with pytest.raises(OSError, match=r"learn\.mp4 cannot be written"):
        write(path, [plain()])
    assert files(path) == []


def test_count_frames_refuses_what_is_no_film(path):
    path.write_bytes(b"no film" * 100)
    with pytest.raises(OSError, match="not a readable film"):
        count_frames(path)


def test_a_notebook_shows_a_finished_film_and_a_sentence_until_then(tmp_path):
    with Film(tmp_path / "a.mp4") as film:
        film.write(np.zeros((8, 8), np.uint8))
        assert "not finished yet" in film._repr_html_()
    assert '<video src="data:video/mp4;base64,' in film._repr_html_()


def test_a_notebook_does_not_show_the_older_film_in_place_of_one_that_failed(tmp_path):
    path = tmp_path / "a.mp4"
    with Film(path) as film:
        film.write(np.zeros((8, 8), np.uint8))
    failed = Film(path)
    failed.write(np.zeros((8, 8), np.uint8))
    failed.discard()
    assert path.exists()
    assert "<video" not in failed._repr_html_()
