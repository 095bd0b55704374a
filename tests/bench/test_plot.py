"""The plot: a bar for everything that was measured, and cutaway's stand out."""

import pytest

from cutaway import bench


def texts(axes):
    return [text.get_text() for text in axes.texts]


def panels(result):
    figure = bench.plot(result)
    figure.draw_without_rendering()
    return {ax.get_title(loc="left"): ax for ax in figure.axes}


def test_every_section_has_a_panel_with_a_bar_for_each_number(result):
    drawn = panels(result)
    assert [len(ax.patches) for ax in drawn.values()] == [7, 7, 4, 4, 2, 2, 2, 4]
    lesson = drawn["lesson 9: an epoch"]
    assert texts(lesson)[:2] == ["53 ms", "167 ms, 3.1x"]
    assert lesson.get_yticklabels()[1].get_text() == "the tutorial's loop"
    assert [bar.get_width() for bar in lesson.patches][:1] == [0.0531]
    assert texts(drawn["matrix products, against the fastest other"]) == [
        "0.50x NumPy",
        "1.25x NumPy",
    ]
    answers = drawn["answers, each against cutaway's"]
    assert texts(answers) == ["12.0 ms", "30.0 ms, 2.5x", "20.0 us", "8.0 us, 0.4x"]
    assert [bar.get_width() for bar in answers.patches] == pytest.approx([1, 2.5, 1, 0.4])
    assert texts(drawn["the whole job"]) == ["4.5 s, 3.00x", "1.5 s"]


def test_cutaways_bars_stand_out(result):
    colors = {
        label.get_text(): bar.get_facecolor()
        for ax in panels(result).values()
        for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    own = {"cutaway", "lesson 9", "training, pictures, film", "import cutaway", "fast: cutaway"}
    own |= {"10,000 digits: cutaway", "1 digit: cutaway"}
    others = set(colors) - own - {l for l in colors if " x " in l}
    assert {colors[label] for label in own} == {colors["cutaway"]}
    assert colors["cutaway"] not in {colors[label] for label in others}
    assert len(others) == 12


@pytest.mark.parametrize("chosen", [["peak"], ["lesson9", "job"], ["lesson9", "wide", "matmul"]])
def test_some_sections_make_one_column(result, chosen):
    result["sections"] = {name: result["sections"][name] for name in chosen}
    figure = bench.plot(result)
    assert len(figure.axes) == len(chosen)
    assert len(figure.subfigs) == 1


def test_many_sections_make_two_columns(result):
    assert len(bench.plot(result).subfigs) == 2


def test_cutaway_alone_makes_a_plot_too(alone):
    drawn = panels(alone)["matrix products, against the fastest other"]
    assert texts(drawn) == ["123.4 GFLOP/s"] * 2
    assert not drawn.lines


def test_what_was_measured_on_a_gpu_names_it(on_gpu):
    caption = bench.plot(on_gpu).get_suptitle()
    assert caption == "cutaway 1.2.3, NVIDIA H100 80GB HBM3; contenders in turn, medians"
