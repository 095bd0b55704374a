"""Curves: every loss and accuracy is drawn where it belongs, without a display."""

import io
import pickle
import sys

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from cutaway import History, loss_curve
from cutaway.look.theme import THEMES

HISTORY = History(
    losses=[1 / (i + 1) for i in range(200)],
    epochs=[
        {"epoch": e, "step": 100 * e, "train_accuracy": 0.4 * e, "valid_accuracy": 0.45 * e}
        for e in (1, 2)
    ],
)


@pytest.mark.parametrize(("history", "plots"), [(HISTORY, 2), ([0.0], 1)])
def test_loss_curve_is_drawn_without_a_display(monkeypatch, history, plots):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # it would look for a display
    figure = loss_curve(history, title="loss")
    assert isinstance(figure, Figure)
    assert len(figure.axes) == plots
    file = io.BytesIO()
    figure.savefig(file, format="png")
    assert Image.open(file).width > 100


def test_loss_curve_draws_every_loss_and_their_running_mean():
    every, mean = loss_curve(HISTORY).axes[0].lines
    np.testing.assert_array_equal(every.get_ydata(), HISTORY.losses)
    assert mean.get_ydata()[-1] == pytest.approx(np.mean(HISTORY.losses[-20:]))
    assert mean.get_xdata()[-1] == 190.5  # in the middle of losses 181 to 200


def test_a_long_curve_has_few_points_that_keep_every_peak():
    losses = np.ones(100_007)
    losses[[5, 50_000, 100_006]] = (0.1, 3, 2)
    every, mean = loss_curve(losses).axes[0].lines
    assert len(every.get_xdata()) < 10_100 > len(mean.get_xdata())
    assert (every.get_xdata()[0], every.get_xdata()[-1]) == (1, 100_007)
    assert (np.diff(every.get_xdata()) > 0).all()
    at = {value: every.get_xdata()[every.get_ydata() == value].item() for value in (0.1, 2, 3)}
    np.testing.assert_allclose([at[0.1], at[3], at[2]], [6, 50_001, 100_007], atol=22)


def test_loss_curve_of_one_epoch_has_no_curve_of_accuracies():
    history = History(HISTORY.losses, HISTORY.epochs[:1])
    assert len(loss_curve(history).axes) == 1


def test_loss_curve_needs_losses():
    with pytest.raises(ValueError, match=r"^loss_curve: losses must be a list of numbers"):
        loss_curve([])


def test_a_notebook_shows_a_figure_as_its_picture():
    picture = Image.open(io.BytesIO(loss_curve(HISTORY)._repr_png_()))
    assert (picture.format, picture.size) == ("PNG", (960, 720))


def test_a_figure_can_be_pickled():
    figure = pickle.loads(pickle.dumps(loss_curve(HISTORY)))
    assert figure._repr_png_() == loss_curve(HISTORY)._repr_png_()


def test_the_loss_is_drawn_per_sample_if_it_is_known():
    history = History(losses=[64.0, 32.0, 4.0], sample_losses=[1.0, 0.5, 0.25])
    axes = loss_curve(history).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [1.0, 0.5, 0.25]
    assert axes.get_ylabel() == "training loss per sample"


def test_accuracies_stand_between_0_and_100_with_a_line_where_guessing_is():
    failed = History(
        losses=[1.0] * 9,
        epochs=[{"epoch": e, "step": 4 * e, "valid_accuracy": 0.09 + e / 1000} for e in (1, 2)],
        classes=10,
    )
    axes = loss_curve(failed).axes[1]
    assert axes.get_ylim() == (0, 102)
    guess = axes.lines[-1]
    assert guess.get_ydata() == [10, 10]
    assert guess.get_label() == "guessing, 10 %"


def test_mini_batches_may_stand_on_a_logarithmic_axis():
    assert loss_curve(HISTORY, log=True).axes[-1].get_xscale() == "log"
    assert loss_curve(HISTORY).axes[-1].get_xscale() == "linear"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("log", [False, True])
def test_everything_on_a_plot_is_in_the_colours_and_the_font_of_its_theme(theme, log):
    look = THEMES[theme]
    paper, ink, muted = (tuple(np.array(c) / 255) for c in (look.paper, look.ink, look.muted))
    with rc_context({"text.color": "red", "axes.facecolor": "red", "font.family": "serif"}):
        figure = loss_curve(HISTORY, theme=theme, title="title", log=log)
        figure.draw_without_rendering()  # which makes the numbers at the axes
    assert to_rgb(figure.get_facecolor()) == pytest.approx(paper)
    for axes in figure.axes:
        assert to_rgb(axes.get_facecolor()) == pytest.approx(paper)
        assert to_rgb(axes.spines["left"].get_edgecolor()) == pytest.approx(muted)
        for text in axes.findobj(Text):
            if text.get_text():
                assert to_rgb(text.get_color()) == pytest.approx(ink), text
                assert text.get_fontfamily() == ["DejaVu Sans"], text
                assert text.get_fontsize() * figure.dpi / 72 >= 12


def test_an_unknown_theme_is_refused():
    with pytest.raises(
        ValueError, match=r"^loss_curve: theme must be one of 'light', 'dark', got 'x'"
    ):
        loss_curve([1.0], theme="x")


def test_numbers_of_mini_batches_are_written_as_they_are_said():
    figure = loss_curve(np.ones(5000), log=True)
    figure.draw_without_rendering()
    told = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"1", "10", "100", "1,000"} <= set(told)
