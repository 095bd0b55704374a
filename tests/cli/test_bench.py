"""`cutaway bench`: table, JSON and plot of what was measured, however it ends."""

import json
from dataclasses import replace
from functools import partial

import pytest
from PIL import Image

from cutaway import bench


@pytest.fixture
def sections(monkeypatch):
    """Sections that are done at once: "peak" is interrupted after its first round, "job" fails."""
    part = {
        "what": "nothing",
        "rounds": 1,
        "seconds": {"cutaway": 0.05, "numpy": 0.2},
        "ratios": {"numpy": 4.0},
        "work": 1e9,
        "threads": 2,
        "accuracy": {"cutaway": 0.95, "numpy": 0.95},
    }
    limit = {"threads": 2, "peak_gflops": 100.0, "dense_gflops": 90.0, "efficiency": 0.9}

    def fine(_):
        yield part

    def interrupted(_):
        yield {"what": "the peak", "rounds": 1, "seconds": {}, **limit}
        raise KeyboardInterrupt

    def failing(_):
        raise RuntimeError("the films differ")
        yield

    runs = dict.fromkeys(bench.SECTIONS, fine) | {"peak": interrupted, "job": failing}
    made = {
        name: replace(bench.SECTIONS[name], run=run, contenders=("cutaway", "numpy"), on_gpu=())
        for name, run in runs.items()
    }
    monkeypatch.setattr(bench, "SECTIONS", made)


@pytest.fixture
def compare(sections, call):  # noqa: ARG001
    """Run `cutaway bench` in this process; return its exit code, stdout and stderr."""
    return partial(call, "bench")


def test_bench_prints_a_table(compare):
    code, out, err = compare("lesson9", "wide")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines() if "median" in line] == [
        "lesson9",
        "wide",
    ]
    assert "4.00 times as fast" in out
    assert err.splitlines()[0] == "lesson9: warming up"


def test_bench_prints_json(compare):
    code, out, _ = compare("lesson9", "--json", "--threads", 1, "--repeats", 3)
    result = json.loads(out)
    assert code == 0
    assert result["sections"]["lesson9"]["ratios"] == {"numpy": 4.0}
    assert (result["threads"], result["repeats"], result["interrupted"]) == (1, 3, False)


@pytest.mark.parametrize(
    ("arguments", "valid"),
    [
        (["lesson8"], "'lesson9', 'lesson5', 'wide'"),
        (["--contender", "abacus"], "'numpy', 'torch'"),
    ],
)
def test_bench_names_the_sections_and_contenders_there_are(compare, arguments, valid):
    code, out, err = compare(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert valid in err


def test_bench_draws_a_plot_that_it_may_replace(compare, tmp_path):
    path = tmp_path / "bench.png"
    for _ in range(2):
        code, out, _ = compare("lesson9", "--plot", path)
        assert code == 0
        assert out.splitlines()[-1] == str(path)
    with Image.open(path) as image:
        assert image.text["Software"].startswith("written by cutaway")
    code, out, err = compare("lesson9", "--plot", path, "--json")
    json.loads(out)
    assert err.splitlines()[-1] == str(path)


@pytest.mark.parametrize(
    ("name", "why"),
    [("no/bench.png", "is not a folder"), ("bench.jpg", "must end in .png"), ("mine.png", "force")],
)
def test_bench_looks_at_the_plots_place_before_anything_runs(compare, tmp_path, name, why):
    (tmp_path / "mine.png").write_text("a picture of somebody's")
    code, out, err = compare("lesson9", "--plot", tmp_path / name)
    assert (code, out) == (2 if "jpg" in name else 1, "")
    assert len(err.splitlines()) == 1
    assert why in err
    assert (tmp_path / "mine.png").read_text() == "a picture of somebody's"


def test_bench_replaces_others_files_if_told_to(compare, tmp_path):
    (tmp_path / "mine.png").write_text("a picture of somebody's")
    assert compare("lesson9", "--plot", tmp_path / "mine.png", "--force")[0] == 0


@pytest.mark.parametrize("as_json", [False, True], ids=["table", "json"])
def test_an_interrupted_bench_prints_and_draws_what_it_has(compare, tmp_path, as_json):
    path = tmp_path / "bench.png"
    code, out, err = compare("lesson9", "peak", "wide", "--plot", path, *["--json"] * as_json)
    assert code == 130
    assert err.splitlines()[-1] == "cutaway: interrupted; this is what was measured so far"
    assert path.exists()
    if as_json:
        result = json.loads(out)
        assert result["interrupted"]
        assert list(result["sections"]) == ["lesson9", "peak"]
    else:
        assert "peak: the peak; median of 1" in out
        assert "wide:" not in out


def test_a_section_of_bench_that_fails_is_one_sentence_beside_the_results(compare):
    code, out, err = compare("job", "lesson9")
    assert code == 1
    assert "4.00 times as fast" in out
    assert err.splitlines()[-1] == "cutaway: error: bench: job: the films differ"
