"""The table: everything that was measured is in it, whatever that is."""

from cutaway import bench
from cutaway.bench.epochs import EPOCHS

NAMES = ["cutaway", "tutorial", "numpy", "torch", "tensorflow", "jax", "sklearn", "onnxruntime"]


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
    assert rows[0] == "cutaway 53.1 20.0 95.19%"
    assert rows[-2:] == [
        "G/s core: billions of weights times samples, per second and thread",
        "a cache line to another CPU and back: 210 ns",
    ]
    assert rows[2] == "tutorial 166.7 6.4 3.14 times as fast 95.19%"


def test_products_are_rated_against_the_fastest_other(result):
    rows = block(result, "matmul")
    assert "10000 x 784 x 64 123.4 246.8 80.0 50.0 0.50 times numpy" in rows
    assert rows[-1] == ("against the fastest other: 0.50 to 1.25 times as fast, median 0.88")


def test_the_other_sections_in_the_table(result):
    assert block(result, "predict")[1:] == [
        "10,000 digits 1 digit cutaway is",
        "cutaway 12.0 ms 20.0 us",
        "onnxruntime 30.0 ms 8.0 us 2.50 and 0.40 times as fast",
    ]
    assert block(result, "peak")[1:] == [
        "peak of one thread 170.0 GFLOP/s",
        "lesson 9, one thread 153.0 GFLOP/s 90.0% of the peak",
        "2 threads against 1, images without zeros 1.61 times as fast",
        "2 threads against 1, images of MNIST 1.47 times as fast",
    ]
    assert block(result, "job")[1:] == [
        "without the film 1.50 s",
        "whole job 4.50 s 3.00 times as long",
        "its peak memory 226 MB",
    ]
    assert block(result, "start")[1:] == [
        "import numpy 100 ms",
        "import cutaway 110 ms 1.10 times as long",
        "cutaway train --recipe fast 900 ms test accuracy 98.10%",
        "torch, the same net 4500 ms 5.00 times as long test accuracy 97.90%",
    ]


def test_cutaway_alone_makes_a_table_too(alone):
    lines = block(alone, "matmul")
    assert lines[2] == "10000 x 784 x 64 123.4"
    assert len(lines) == 4  # and no word of others
    assert block(alone, "predict")[1:] == [
        "10,000 digits 1 digit cutaway is",
        "cutaway 50.0 ms 50.0 ms",
    ]
    assert block(alone, "lesson9")[2] == "cutaway 50.0 21.2 95.19%"


def test_nothing_measured_is_a_head_alone(result):
    result["sections"] = {}
    assert bench.table(result).count("\n\n") == 0


def test_what_was_measured_on_a_gpu_names_it_and_tells_cold_and_warm(on_gpu):
    text = bench.table(on_gpu)
    for words in (f"GPU: {on_gpu['gpu']}", "cold ms", "400", "cutaway, CPU",
                  "torch, CUDA graph", "installed, but cannot use the GPU: jax"):  # fmt: skip
        assert words in text
    assert max(map(len, text.splitlines())) <= 100
