"""`cutaway train --live`: the hidden layer in the terminal, slowly enough to be seen, and no traces."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import types

import numpy as np
import pytest

from cutaway import Moment
from cutaway.cli import live
from cutaway.look.blocks import TRUE
from cutaway.look.pace import log_steps

USUAL = {7, 25}  # lines go on in the next one, and the cursor is seen


class Clock:
    """A time that passes only when somebody sleeps or works."""

    def __init__(self):
        self.now = 100.0
        self.slept = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.slept += seconds
        self.now += seconds


class Shown:
    """A screen that keeps what it is shown: an image and lines of text, and when."""

    def __init__(self, *_):
        self.size = 80, 24
        self.frames, self.times = [], []
        self.closed = False

    def show(self, draw):
        self.frames.append(draw(*self.size))
        self.times.append(self.clock.now)

    def close(self):
        self.closed = True


@pytest.fixture
def show(monkeypatch):
    """Make a Live of a screen that keeps all: `show(steps)`, with .screen and .clock."""

    def make(steps=782, epochs=1, colours=256, theme="light"):
        clock = Clock()
        monkeypatch.setattr(live, "Screen", Shown)
        monkeypatch.setattr(live, "time", clock)
        told = types.SimpleNamespace(tell=lambda _: None)
        made = live.Live(told, None, colours, theme, epochs=epochs, steps=steps)
        made.screen, made.clock = made._screen, clock
        made.screen.clock = clock
        return made

    return make


def moment(step, *, units=64, shape=(28, 28), epoch=1, loss=0.5, strength=1.0, metrics=None):
    """A Moment whose first layer is the same noise, so many times as strong."""
    noise = np.random.default_rng(0).normal(size=(shape[0] * shape[1], units)).astype(np.float32)
    return Moment(
        epoch=epoch, step=step, losses=np.full(3, loss, np.float32), weights=(strength * noise,),
        biases=(np.zeros(units, np.float32),), metrics=metrics or {}, seconds=0.0, shape=shape,
    )  # fmt: skip


def test_of_a_fast_training_the_steps_to_see_are_shown_at_15_a_second(show):
    seen = show(steps=3910)
    for step in range(1, 3911):
        seen.moment(moment(step, units=1))
    assert len(seen.screen.frames) == len(log_steps(3910, 150)) == 150
    assert np.diff(seen.screen.times) == pytest.approx(1 / 15)
    assert seen.clock.slept == pytest.approx(149 / 15)
    assert seen.screen.closed


def test_of_a_slow_training_every_moment_is_shown_and_waits_for_nothing(show):
    seen = show(steps=3910)
    for step in range(3001, 3101):
        seen.clock.now += 0.1
        seen.moment(moment(step, units=1))
    assert len(seen.screen.frames) == 100
    assert seen.clock.slept == 0
    assert not seen.screen.closed


def test_epoch_mini_batch_loss_accuracy_and_its_curve_stand_below_the_grid(show):
    seen = show(steps=2000, epochs=12)
    seen.moment(moment(1, loss=1.0))
    seen.moment(moment(500, epoch=2, metrics={"valid_accuracy": 0.9}))
    seen.clock.now += 1
    seen.moment(moment(1500, epoch=3, loss=0.25))
    (_, first), (_, last) = seen.screen.frames[0], seen.screen.frames[-1]
    assert first[0].rstrip() == (
        "epoch  1 of 12   mini-batch     1   loss 1.0000   validation accuracy     --"
    )
    assert last[0].startswith(
        "epoch  3 of 12   mini-batch 1,500   loss 0.2500   validation accuracy 90.00%"
    )
    assert first[1] == f"loss █{'the first 15 of 64 neurons':>73}"
    curve = last[1].removesuffix("   the first 15 of 64 neurons")
    assert re.fullmatch("loss █ +▅ +▃ +", curve)


@pytest.mark.parametrize(
    ("columns", "rows", "lines", "tiles", "note"),
    [
        (80, 24, 2, (3, 5, 14), "the first 15 of 64 neurons"),
        (200, 50, 2, (6, 11, 15), "64 neurons"),
        (50, 24, 3, (2, 3, 14), "the first 6 of 64 neurons"),
        (20, 5, 5, (0, 0, 0), ""),
        (20, 3, 3, (0, 0, 0), ""),
        (3, 1, 1, (0, 0, 0), ""),
    ],
)
def test_grid_and_text_fit_into_the_terminal(show, columns, rows, lines, tiles, note):
    seen = show()
    seen.screen.size = columns, rows
    seen.moment(moment(1))
    ((image, text),) = seen.screen.frames
    down, across, side = tiles
    gaps = max(down - 1, 0), max(across - 1, 0)
    assert image.shape[:2] == (down * side + gaps[0], across * side + gaps[1])
    assert len(text) == lines
    assert -(-len(image) // 2) + len(text) <= rows
    assert all(len(line) == columns - 1 for line in text)
    assert text[-1].rstrip().endswith(note)


def test_a_neuron_keeps_its_place_and_a_weight_its_colour(show):
    seen = show()
    for step, strength in ((1, 1), (2, 3), (3, 1)):
        seen.moment(moment(step, strength=strength))
    first, strong, third = (image for image, _ in seen.screen.frames)
    np.testing.assert_array_equal(first, third)
    assert strong.mean() < first.mean() - 20  # stronger is darker

    twice = show()
    twice.moment(moment(1, strength=2))  # a start that is twice as strong has its own scale
    np.testing.assert_array_equal(twice.screen.frames[0][0], first)


@pytest.mark.parametrize("strength", [0, np.inf, np.nan])
def test_a_layer_that_starts_at_zero_or_is_no_longer_finite_is_drawn(show, strength):
    seen = show()
    seen.moment(moment(1, strength=strength))
    assert set(np.unique(seen.screen.frames[0][0])) == {168, 172, 180, 255}


def test_weights_that_are_no_longer_finite_are_drawn_and_told_of_by_others(show):
    seen = show()
    seen.moment(moment(1))
    seen.moment(moment(2, strength=np.inf))
    image = seen.screen.frames[1][0]
    assert {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()} <= {
        (8, 48, 107), (255, 255, 255), (127, 39, 4), (168, 172, 180)
    }  # fmt: skip


@pytest.mark.parametrize(("colours", "paper"), [(TRUE, 17), (256, 255), (16, 255)])
def test_a_dark_picture_needs_all_colours(show, colours, paper):
    seen = show(colours=colours, theme="dark")
    seen.moment(moment(1, strength=0))
    assert seen.screen.frames[0][0][0, 0, 0] == paper


def test_with_eight_colours_the_lines_between_tiles_are_black(show):
    seen = show(colours=8)
    seen.moment(moment(1))
    image = seen.screen.frames[0][0]
    assert (image[14] == 0).all()
    assert image[13].min(axis=-1).max() == 255


@pytest.fixture
def in_terminal(environment, terminal):
    """Run the command line in a terminal; return its exit code, what the terminal shows, and stdout.

    `when` is called with the process and the terminal whenever something has come.
    """

    def run(*arguments, columns=80, rows=24, when=lambda *_: None, stdout=None, **variables):
        ours, theirs = os.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        before = termios.tcgetattr(ours)
        seen = terminal(columns)
        kept = environment(**{"TERM": "xterm-256color", **variables})
        for name in {"COLORTERM", "NO_COLOR"} - set(variables):
            kept.pop(name, None)
        command = [sys.executable, "-m", "cutaway", *map(str, arguments)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": stdout or theirs, "stderr": theirs}
        # A group of its own, as a shell gives: one whose parents are gone cannot be stopped by Ctrl-Z.
        own = {"preexec_fn": os.setpgrp}
        with subprocess.Popen(command, env=kept, text=True, **pipes, **own) as process:
            try:
                os.close(theirs)
                while part := _read(ours):
                    seen.feed(part)
                    when(process, seen)
                out = process.communicate(timeout=60)[0]
                assert termios.tcgetattr(ours) == before
            finally:
                process.kill()
                os.close(ours)
        return process.returncode, seen, out

    return run


def _read(file):
    try:
        return os.read(file, 1 << 16)
    except OSError:  # Linux's way to say that the other side is closed
        return b""


@pytest.fixture
def live_run(data, tmp_path):
    """The words of a live run: 20 mini-batches of 8 x 8 images, whose 64 tiles fit as they are."""
    return "train", "--live", "--data", data, "--out", tmp_path, "--no-film", "--epochs", 2


def given_back(seen):
    return (seen.modes, seen.ink, seen.paper, seen.column) == (USUAL, None, None, 0)


@pytest.mark.parametrize(
    ("variables", "kind"),
    [({"COLORTERM": "truecolor"}, 2), ({}, 5), ({"TERM": "xterm"}, int), ({"TERM": "linux"}, int)],
)
def test_the_last_picture_stays_above_the_results(in_terminal, live_run, variables, kind):
    seen_live = []

    def look(_, seen):
        seen_live.append(seen.modes >= {1049} and "mini-batch" in "".join(seen.text()))

    code, seen, _ = in_terminal(*live_run, when=look, **variables)
    assert code == 0
    assert any(seen_live)
    assert given_back(seen)
    text = seen.text()
    caption = next(i for i, line in enumerate(text) if "mini-batch 20" in line)
    assert text[0].startswith("data: ")
    assert text[caption].startswith("epoch 2 of 2   mini-batch 20   loss 0.")
    assert text[caption + 1].endswith("64 neurons")
    assert [line.split()[0] for line in text[caption + 2 : caption + 6]] == [
        "epoch", "1", "2", "test"
    ]  # fmt: skip
    grid = {cell[1:] for (row, _), cell in seen.screen.items() if 0 < row < caption}
    kinds = {colour if colour is None else type(colour) if isinstance(colour, int) else colour[0]
             for cell in grid for colour in cell}  # fmt: skip
    assert kinds == {kind, None}


def test_results_on_stdout_are_the_same_whatever_is_drawn(in_terminal, live_run, cutaway):
    plain = [word for word in live_run if word != "--live"]
    expected = json.loads(cutaway(*plain, "--json").stdout)
    code, seen, out = in_terminal(*live_run, "--json", stdout=subprocess.PIPE)
    assert code == 0
    result = json.loads(out)
    assert result["fingerprint"] == expected["fingerprint"]
    assert [e["valid_loss"] for e in result["epochs"]] == [
        e["valid_loss"] for e in expected["epochs"]
    ]
    assert seen.text()[-1].startswith("    2 ")  # the line of the last epoch, beside JSON
    assert given_back(seen)


def test_a_run_that_goes_on_is_drawn_from_where_it_was(in_terminal, live_run, cutaway, tmp_path):
    cutaway(*[word for word in live_run if word != "--live"])
    drawn = set()

    def look(_, seen):
        drawn.update(re.findall(r"of 4   mini-batch (\d+)", "".join(seen.text())))

    code, seen, _ = in_terminal("train", "--live", "--resume", tmp_path, "--epochs", 4, when=look)
    assert code == 0
    text = seen.text()
    assert "goesonaftermini-batch20of40" in "".join(text).replace(" ", "")  # in two lines
    caption = next(line for line in text if line.startswith("epoch 4 of 4"))
    assert caption.startswith("epoch 4 of 4   mini-batch 40   loss 0.")
    curve = text[text.index(caption) + 1].partition("   ")[0]
    assert re.fullmatch("loss [▁-█]{40}", curve)  # with what was learned before
    assert min(map(int, drawn)) > 20
    assert [line.split()[0] for line in text if re.match(r" +\d ", line)] == ["3", "4"]
    assert given_back(seen)


def test_the_film_s_bar_comes_below_the_last_picture(in_terminal, live_run):
    words = [word for word in live_run if word != "--no-film"]
    code, seen, _ = in_terminal(*words, "--frames", 4)
    assert code == 0
    _, after = seen.sent.decode().split("\x1b[?1049l")
    assert after.index("64 neurons") < re.search(r" 0/4 .*frame/s\]", after).start()
    assert given_back(seen)


def test_quiet_leaves_the_picture_and_no_lines_of_epochs(in_terminal, live_run):
    _, seen, out = in_terminal(*live_run, "--quiet", stdout=subprocess.PIPE)
    assert seen.text()[-1].endswith("64 neurons")
    assert out.startswith("test accuracy ")


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_gives_the_terminal_back(in_terminal, live_run, number, code):
    sent = []

    def stop(process, seen):
        if 1049 in seen.modes and not sent:
            sent.append(process.send_signal(number))

    returned, seen, _ = in_terminal(*live_run, "--epochs", 100_000, when=stop)
    assert returned == code
    assert given_back(seen)
    text = "".join(seen.text())
    assert text.index("64 neurons") < text.index("cutaway: interrupted; ")


def test_an_error_gives_the_terminal_back_and_is_told(in_terminal, live_run):
    options = ("--recipe", "lesson5", "--lr", 1e30)
    code, seen, _ = in_terminal(*live_run, *options)
    assert code == 1
    assert given_back(seen)
    text = "".join(seen.text())
    assert text.index("50 neurons") < text.index("cutaway: error: train: the loss must stay finite")


def test_ctrl_z_leaves_the_terminal_to_the_shell_until_the_run_goes_on(in_terminal, live_run):
    seen_modes = []

    def pause(process, seen):
        if not seen_modes and 1049 in seen.modes:
            seen_modes.append(seen.modes)
            process.send_signal(signal.SIGTSTP)
        elif len(seen_modes) == 1 and 1049 not in seen.modes:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
            seen_modes.append(seen.modes.copy())
            process.send_signal(signal.SIGCONT)
        elif len(seen_modes) == 2 and 1049 in seen.modes:
            seen_modes.append(seen.modes)

    code, seen, _ = in_terminal(*live_run, when=pause)
    assert (code, len(seen_modes), seen_modes[1]) == (0, 3, USUAL)
    assert given_back(seen)


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_terminal_without_colours_gets_plain_lines_and_is_told_why(
    in_terminal, live_run, variables
):
    code, seen, _ = in_terminal(*live_run, **variables)
    assert code == 0
    text = seen.text()
    assert text[0].startswith("data: ")
    del text[: [line.startswith("cutaway: ") for line in text].index(True)]
    assert text[0].startswith("cutaway: --live draws nothing: ")
    assert [line.split()[0] for line in text[2:6]] == ["epoch", "1", "2", "test"]
    assert not any(ink or paper for _, ink, paper in seen.screen.values())


def test_a_pipe_or_a_log_gets_plain_lines_and_one_that_tells_why(cutaway, live_run):
    process = cutaway(*live_run, env={"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    assert process.returncode == 0
    assert process.stderr == (
        "cutaway: --live draws nothing: stderr is no terminal with colours, or NO_COLOR is set\n"
    )
    assert not set("\r\x1b▀") & set(process.stdout)
    assert [line.split()[0] for line in process.stdout.splitlines()[1:5]] == [
        "epoch", "1", "2", "test"
    ]  # fmt: skip
