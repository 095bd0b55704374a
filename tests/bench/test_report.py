"""The table and the plot: everything that was measured is in them, whatever that is."""

import copy

import pytest

from cutaway import bench
from cutaway.bench.epochs import EPOCHS

NAMES = ["cutaway", "tutorial", "numpy", "torch", "jax", "sklearn"]


def epoch(name, names):
    return {
        "what": EPOCHS[name].what,
        "rounds": 7,
        "seconds": {n: 0.0531 * 3.14**i for i, n in enumerate(names)},
        "ratios": {n: 3.14**i for i, n in enumerate(names) if i},
        "accuracy": dict.fromkeys(names, 0.9519),
    }


def product(size, ratio=0.5):
    return {
        "size": size,
        "gflops": {"cutaway": 123.4, "numpy": 246.8, "torch": 80.0, "jax": 50.0},
        "best_peer": "numpy",
        "ratio_to_best_peer": ratio,
    }


EVERYTHING = {
    "version": "1.2.3",
    "isa": "avx512",
    "gpu": None,
    "repeats": 7,
    "threads": 2,
    "load": 0.1,
    "contenders": {name: {"version": "2.13.0+cpu", "threads": 2} for name in NAMES},
    "not_installed": [],
    "without_gpu": [],
    "interrupted": False,
    "failed": {},
    "sections": {
        "lesson9": epoch("lesson9", NAMES),
        "lesson5": epoch("lesson5", NAMES),
        "wide": epoch("wide", ["cutaway", "numpy", "torch", "jax"]),
        "matmul": {
            "what": "products of float32 matrices, GFLOP/s",
            "rounds": 7,
            "sizes": [product([10_000, 784, 64]), product([100_000, 4, 4, 4], 1.25)],
        },
        "peak": {
            "what": "one thread's peak, and beside it lesson 9 on images without zeros",
            "rounds": 7,
            "threads": 2,
            "peak_gflops": 170.0,
            "dense_gflops": 153.0,
            "efficiency": 0.9,
            "speedup": {"dense": 1.61, "mnist": 1.47},
            "seconds": {"dense, 1 thread": 0.1},
        },
        "job": {
            "what": "lesson 9's whole job, 3,910 frames, against encoding them alone",
            "rounds": 3,
            "seconds": {"whole_job": 11.5, "encoding": 10.0},
            "ratio": 1.15,
            "megabytes": 226.4,
        },
        "start": {
            "what": "fresh processes: importing; training, from start to exit",
            "rounds": 7,
            "import": {"seconds": {"cutaway": 0.11, "numpy": 0.1}, "ratio": 1.1},
            "train": {
                "recipe": "fast",
                "seconds": {"cutaway": 0.9, "torch": 4.5},
                "ratios": {"torch": 5.0},
                "accuracy": {"cutaway": 0.981, "torch": 0.979},
            },
        },
    },
}


@pytest.fixture
def result():
    return copy.deepcopy(EVERYTHING)


def block(result, name):
    """Return a section's lines, spaces squeezed."""
    blocks = bench.table(result).split("\n\n")
    lines = next(b for b in blocks if b.startswith(f"{name}:")).splitlines()
    return [" ".join(line.split()) for line in lines]


def test_the_table_fits_a_terminal(result):
    lines = bench.table(result).splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)


def test_the_head_names_versions_threads_and_instruction_set(result):
    head = bench.table(result).split("\n\n")[0]
    assert head.splitlines()[0] == "cutaway 1.2.3 on avx512, contenders in turn"
    assert [line.split()[0] for line in head.splitlines()[2:]] == NAMES
    assert "NumPy 2.13.0+cpu" in head  # the tutorial's loop runs on it
    assert "not installed" not in head
    assert "disturbed" not in head


def test_who_is_not_installed_is_named_with_the_remedy(result):
    result["not_installed"] = ["torch", "sklearn"]
    assert "not installed: torch, sklearn (pip install torch scikit-learn)" in bench.table(result)


def test_a_library_that_does_not_tell_its_threads_has_a_question_mark(result):
    result["contenders"]["numpy"]["threads"] = None
    assert any(l.split() == ["numpy", "2.13.0+cpu", "?"] for l in bench.table(result).splitlines())


def test_a_busy_machine_is_told(result):
    result["load"] = 1.5
    assert "others may have disturbed these times: the load was 1.5 before" in bench.table(result)


def test_epochs_are_sorted_by_time(result):
    result["sections"]["lesson9"]["seconds"]["torch"] = 0.1
    title, _, *rows = block(result, "lesson9")
    assert title == f"lesson9: {EPOCHS['lesson9'].what}; median of 7"
    assert [row.split()[0] for row in rows][:3] == ["cutaway", "torch", "tutorial"]
    assert rows[0] == "cutaway 53.1 95.19%"
    assert rows[2] == "tutorial 166.7 3.14 times as fast 95.19%"


def test_products_are_rated_against_the_fastest_other(result):
    rows = block(result, "matmul")
    assert "10000 x 784 x 64 123.4 246.8 80.0 50.0 0.50 times numpy" in rows
    assert rows[-1] == ("against the fastest other: 0.50 to 1.25 times as fast, median 0.88")


def test_the_other_sections_in_the_table(result):
    assert block(result, "peak")[1:] == [
        "peak of one thread 170.0 GFLOP/s",
        "lesson 9, one thread 153.0 GFLOP/s 90.0% of the peak",
        "2 threads against 1, images without zeros 1.61 times as fast",
        "2 threads against 1, images of MNIST 1.47 times as fast",
    ]
    assert block(result, "job")[1:] == [
        "encoding alone 10.00 s",
        "whole job 11.50 s 1.15 times as long",
        "its peak memory 226 MB",
    ]
    assert block(result, "start")[1:] == [
        "import numpy 100 ms",
        "import cutaway 110 ms 1.10 times as long",
        "cutaway train --recipe fast 900 ms test accuracy 98.10%",
        "torch, the same net 4500 ms 5.00 times as long test accuracy 97.90%",
    ]


def alone(result):
    """Reduce a result to cutaway's part of it."""
    sections = result["sections"]
    result["contenders"] = {"cutaway": result["contenders"]["cutaway"]}
    for name in ("lesson9", "lesson5", "wide"):
        sections[name] |= {"seconds": {"cutaway": 0.05}, "ratios": {}}
    for size in sections["matmul"]["sizes"]:
        size |= {"gflops": {"cutaway": 123.4}, "best_peer": None, "ratio_to_best_peer": None}
    del sections["peak"]["speedup"]
    sections["start"]["train"] |= {"seconds": {}, "ratios": {}, "accuracy": {}}
    return result


def test_cutaway_alone_makes_a_table_too(result):
    lines = block(alone(result), "matmul")
    assert lines[2] == "10000 x 784 x 64 123.4"
    assert len(lines) == 4  # and no word of others
    assert block(result, "lesson9")[2:] == ["cutaway 50.0 95.19%"]


def test_nothing_measured_is_a_head_alone(result):
    result["sections"] = {}
    assert bench.table(result).count("\n\n") == 0


# the plot


def texts(axes):
    return [text.get_text() for text in axes.texts]


def panels(result):
    figure = bench.plot(result)
    figure.draw_without_rendering()
    return {ax.get_title(loc="left"): ax for ax in figure.axes}


def test_every_section_has_a_panel_with_a_bar_for_each_number(result):
    drawn = panels(result)
    assert [len(ax.patches) for ax in drawn.values()] == [6, 6, 4, 2, 2, 2, 4]
    lesson = drawn["lesson 9: an epoch"]
    assert texts(lesson)[:2] == ["53 ms", "167 ms, 3.1x"]
    assert lesson.get_yticklabels()[1].get_text() == "the tutorial's loop"
    assert [bar.get_width() for bar in lesson.patches][:1] == [0.0531]
    assert texts(drawn["matrix products, against the fastest other"]) == [
        "0.50x NumPy",
        "1.25x NumPy",
    ]
    assert texts(drawn["the whole job"]) == ["11.5 s, 1.15x", "10.0 s"]


def test_cutaways_bars_stand_out(result):
    colors = {
        label.get_text(): bar.get_facecolor()
        for ax in panels(result).values()
        for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    own = {"cutaway", "lesson 9", "training, pictures, film", "import cutaway", "fast: cutaway"}
    others = set(colors) - own - {l for l in colors if " x " in l}
    assert {colors[label] for label in own} == {colors["cutaway"]}
    assert colors["cutaway"] not in {colors[label] for label in others}
    assert len(others) == 9


@pytest.mark.parametrize("chosen", [["peak"], ["lesson9", "job"], ["lesson9", "wide", "matmul"]])
def test_some_sections_make_one_column(result, chosen):
    result["sections"] = {name: result["sections"][name] for name in chosen}
    figure = bench.plot(result)
    assert len(figure.axes) == len(chosen)
    assert len(figure.subfigs) == 1


def test_many_sections_make_two_columns(result):
    assert len(bench.plot(result).subfigs) == 2


def test_cutaway_alone_makes_a_plot_too(result):
    drawn = panels(alone(result))["matrix products, against the fastest other"]
    assert texts(drawn) == ["123.4 GFLOP/s"] * 2
    assert not drawn.lines


def test_what_was_measured_on_a_gpu_names_it_and_tells_cold_and_warm():
    names = ["cutaway", "cpu", "torch", "torch-graph"]
    result = copy.deepcopy(EVERYTHING)
    gpu = "NVIDIA H100 80GB HBM3 (compute capability 9.0), 85 GB, driver for CUDA 13.0"
    result["gpu"], result["without_gpu"] = gpu, ["jax"]
    result["sections"] = {"lesson9": {**epoch("lesson9", names), "cold": dict.fromkeys(names, 0.4)}}
    text = bench.table(result)
    for words in (f"GPU: {gpu}", "cold ms", "400", "cutaway, CPU",
                  "torch, CUDA graph", "installed, but cannot use the GPU: jax"):  # fmt: skip
        assert words in text
    assert max(map(len, text.splitlines())) <= 100
    caption = bench.plot(result).get_suptitle()
    assert caption == "cutaway 1.2.3, NVIDIA H100 80GB HBM3; contenders in turn, medians"
