"""The command line, as a shell meets it: files, words, exit codes, signals and broken pipes."""

import errno
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest
from PIL import Image

from cutaway import bench, load
from cutaway.cli.main import main
from cutaway.look.codecs import count_frames

FILES = [
    "learn.mp4", "model.safetensors", "history.json", "hidden.png", "neuron.png", "loss.png"
]  # fmt: skip
PATIENCE = 60  # seconds


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with 8x8 images of four classes, laid out as MNIST: 10 mini-batches in an epoch."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name, n in (("train", 768), ("t10k", 100)):
        labels = (np.arange(n) % 4).astype(np.uint8)
        images = rng.integers(0, 80, (n, 4, 2, 8), np.uint8)
        images[np.arange(n), labels] += 150
        header = struct.pack(">4B3I", 0, 0, 8, 3, n, 8, 8)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">4BI", 0, 0, 8, 1, n)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder


@pytest.fixture(scope="session")
def done(data, tmp_path_factory):
    """A finished run that tests look at: its process and its folder."""
    out = tmp_path_factory.mktemp("done")
    return cutaway("train", "--data", data, "--out", out, "--epochs", 2, "--json"), out


@pytest.fixture
def model(done):
    return done[1] / "model.safetensors"


def environment(**changes):
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED" and "CUTAWAY" not in k}
    return {**kept, "PYTHONWARNINGS": "error::RuntimeWarning", **changes}


def cutaway(*arguments, start=("-m", "cutaway"), env=None, **options):
    """Run the command line in a process of its own."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(
        command, text=True, timeout=PATIENCE, env=environment(**env or {}), **{**pipes, **options}
    )


@pytest.fixture
def call(capsys):
    """Run the command line in this process, which is faster: (exit code, stdout, stderr)."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


def error_line(stderr):
    """The one line that an error is."""
    (line,) = stderr.splitlines()
    assert line.startswith("cutaway: error: ")
    return line


# train


def test_train_leaves_film_pictures_model_and_history(done):
    process, out = done
    assert process.returncode == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


def test_json_is_one_object_on_stdout_with_what_scripts_need(done):
    process, out = done
    result = json.loads(process.stdout)
    assert result.keys() >= {
        "epochs", "test_accuracy", "seconds", "frames", "files", "fingerprint",
        "backend", "gpu", "threads", "version",
    }  # fmt: skip
    assert [e["epoch"] for e in result["epochs"]] == [1, 2]
    assert all(e.keys() >= {"train_loss", "valid_loss", "valid_accuracy"} for e in result["epochs"])
    assert result["seconds"].keys() == {"train", "render", "total"}
    assert result["files"] == [str(out / name) for name in FILES]
    assert result["fingerprint"] == load(out / "model.safetensors").fingerprint()
    assert result["test_accuracy"] > 0.9


def test_json_names_as_many_frames_as_the_film_has(done):
    process, out = done
    assert json.loads(process.stdout)["frames"] == count_frames(out / "learn.mp4")[0] == 20


def test_beside_json_stderr_has_a_line_per_epoch_and_no_bar(done):
    head, *lines = done[0].stderr.splitlines()
    assert "validation loss" in head
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert not set("\r\x1b|█") & set(done[0].stderr)


def test_without_json_the_results_are_on_stdout_and_stderr_is_empty(call, data, tmp_path):
    code, out, err = call(
        "train", "--data", data, "--out", tmp_path, "--epochs", 2, "--no-film"
    )  # fmt: skip
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["epoch", "1", "2", "test"]
    assert lines[5:] == [str(tmp_path / name) for name in FILES if name != "learn.mp4"]
    assert not (tmp_path / "learn.mp4").exists()


def test_quiet_says_nothing_but_the_result(call, data, tmp_path):
    options = ("--data", data, "--out", tmp_path, "--epochs", 1, "--no-film", "--quiet")
    code, out, err = call("train", *options)
    assert (code, err) == (0, "")
    assert out.startswith("test accuracy ")


def test_a_terminal_gets_a_bar_on_stderr(data, tmp_path):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    try:
        options = ("--data", data, "--out", tmp_path, "--epochs", 1, "--no-film", "--json")
        process = cutaway("train", *options, stderr=theirs)
        os.close(theirs)
        shown = b""
        while part := read_terminal(ours):
            shown += part
    finally:
        os.close(ours)
    assert process.returncode == 0
    assert json.loads(process.stdout)
    assert b"\r" in shown
    assert b"batch" in shown


def read_terminal(file):
    try:
        return os.read(file, 4096)
    except OSError as error:
        if error.errno == errno.EIO:  # Linux's way to say that the other side is closed
            return b""
        raise


def test_hidden_takes_several_layers(call, data, tmp_path):
    code, _, _ = call("train", "--hidden", 32, 16, "--data", data, "--out", tmp_path,
                      "--no-film", "--epochs", 1)  # fmt: skip
    assert code == 0
    assert load(tmp_path / "model.safetensors").architecture.sizes == (64, 32, 16, 4)


def test_the_number_of_threads_changes_no_bit(call, data, tmp_path):
    options = ("--data", data, "--epochs", 2, "--backend", "cpu", "--no-film", "--json")
    options += ("--out", tmp_path)
    prints = {
        json.loads(call("train", *options, "--threads", threads)[1])["fingerprint"]
        for threads in (1, 2, 3)
    }
    assert len(prints) == 1


def test_a_second_run_replaces_the_first_but_nothing_of_others_unless_forced(call, data, tmp_path):
    train = ("train", "--data", data, "--out", tmp_path, "--epochs", 1, "--every", 5)
    assert call(*train)[0] == 0
    assert call(*train)[0] == 0
    (tmp_path / "learn.mp4").write_text("a letter")
    code, _, err = call(*train)
    assert code == 1
    assert error_line(err).endswith("learn.mp4: was not written by cutaway; --force replaces it")
    assert (tmp_path / "learn.mp4").read_text() == "a letter"
    assert call(*train, "--force")[0] == 0
    assert count_frames(tmp_path / "learn.mp4")[0] == 2


# errors


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Missing command; see 'cutaway --help'"),
        (["fly"], "No such command 'fly'; see 'cutaway --help'"),
        (["train", "--fast"], "train: No such option '--fast'"),
        (["train", "--epochs", "0"], "train: Invalid value for '--epochs'"),
        (["train", "--hidden", "0"], "train: Invalid value for '--hidden'"),
        (["train", "--lr", "nan"], "train: Invalid value for '--lr'"),
        (["picture", "x", "-o", "x.jpg"], "picture: Invalid value for --output: must end in .png"),
        (["train", "--\x1b[2J"], "No such option '--\\x1b[2J'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(call, arguments, text):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert text in error_line(err)
    assert "--help'" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--data", "nowhere"], "nowhere/train-images-idx3-ubyte (or "),
        (["--backend", "cuda:99"], "Network: backend 'cuda:99': "),
        (["--out", "file/in"], "file/in: Not a directory"),
        (["--lr", "1e30"], "the loss must stay finite, got "),
        (["--lr", "1e300"], "rates must be finite, got inf"),
    ],
)
def test_a_failure_is_one_line_and_exit_1(call, data, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, err = call("train", "--data", data, "--recipe", "lesson5", "--no-film", *arguments)
    assert code == 1
    assert text in error_line(err)


def test_debug_shows_the_traceback():
    process = cutaway("train", "--debug", "--data", "nowhere")
    assert process.returncode == 1
    assert process.stderr.startswith("Traceback")
    assert "FileNotFoundError: " in process.stderr


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("CUTAWAY_MAX_ISA", "sse9", "CUTAWAY_MAX_ISA must be "),
        ("CUTAWAY_NUM_THREADS", "many", "CUTAWAY_NUM_THREADS must be "),
    ],
)
def test_a_wrong_setting_in_the_environment_is_one_line(name, value, text):
    process = cutaway("info", env={name: value})
    assert process.returncode == 1
    assert text in error_line(process.stderr)
    assert f"got '{value}'" in process.stderr


def test_a_full_disk_is_one_line_and_keeps_the_older_film(data, tmp_path):
    out = tmp_path / "out"
    options = ("train", "--data", data, "--out", out, "--epochs", 1)
    cutaway(*options)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (3000, 3000))"
    process = cutaway(
        *options, start=("-c", f"{limited}; from cutaway.cli.main import main; main()")
    )
    assert process.returncode == 1
    assert f"{out}/learn.mp4 cannot be written" in error_line(process.stderr)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


# signals and streams


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_a_whole_film_and_a_model(data, tmp_path, number, code):
    listening = "import signal as s; s.signal(s.SIGINT, s.default_int_handler)"
    command = [
        sys.executable, "-c", f"{listening}; from cutaway.cli.main import main; main()",
        "train", "--data", data, "--out", tmp_path, "--epochs", "100000", "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            for _ in range(4):  # the head and three epochs
                process.stderr.readline()
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == code
    assert "Traceback" not in err
    assert "cutaway: interrupted" in err
    result = json.loads(out)
    assert result["interrupted"]
    assert result["frames"] == count_frames(tmp_path / "learn.mp4")[0] >= 30
    assert load(tmp_path / "model.safetensors").fingerprint() == result["fingerprint"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("command", ["info", "train"])
def test_a_full_or_closed_stdout_is_no_traceback(data, tmp_path, command):
    options = [command]
    if command == "train":
        options += ["--data", data, "--out", tmp_path, "--epochs", 1, "--no-film"]

    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = cutaway(*options, stdout=full)
    assert process.returncode == 1
    assert error_line(process.stderr).endswith("No space left on device")

    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = cutaway(*options, stdout=writer)  # as of `cutaway ... | true`
    finally:
        os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")


def test_a_shell_that_closed_stdout_gets_its_files_all_the_same(data, tmp_path):
    line = 'exec "$@" >&-'
    command = [sys.executable, "-m", "cutaway", "train", "--no-film", "--epochs", "1"]
    process = subprocess.run(
        ["sh", "-c", line, "sh", *command, "--data", data, "--out", tmp_path],
        stderr=subprocess.PIPE, text=True, timeout=PATIENCE, env=environment(),
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    assert load(tmp_path / "model.safetensors")


# the other commands


@pytest.mark.parametrize(
    ("options", "width"),
    [
        ([], 3 * (8 * 9 + 1)),
        (["--unit", "63"], 16 * 8),
        (["--layer", "1", "--style", "classic", "--scale", "2"], 2 * 2 * 8),
        (["--shape", "4", "16", "--columns", "5", "--scale", "1"], 5 * 17 + 1),
    ],
)
def test_picture_draws_a_layer_of_a_model_or_one_unit(call, model, tmp_path, options, width):
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options)
    assert (code, out, err) == (0, f"{tmp_path / 'grid.png'}\n", "")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.width == width
        assert image.text["Software"].startswith("written by cutaway ")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--layer", "2"], "layer must be at most 1, got 2"),
        (["--unit", "64"], "unit must be below 64, got 64"),
    ],
)
def test_picture_refuses_what_the_model_has_not(call, model, tmp_path, options, text):
    code, out, err = call("picture", model, "-o", tmp_path / "grid.png", *options)
    assert (code, out) == (1, "")
    assert text in error_line(err)
    assert list(tmp_path.iterdir()) == []


def test_picture_replaces_its_own_file_and_nothing_of_others_unless_forced(call, model, tmp_path):
    picture = ("picture", model, "-o", tmp_path / "grid.png")
    assert call(*picture)[0] == call(*picture)[0] == 0
    (tmp_path / "grid.png").write_text("a letter")
    code, _, err = call(*picture)
    assert code == 1
    assert "was not written by cutaway" in error_line(err)
    assert (tmp_path / "grid.png").read_text() == "a letter"
    assert call(*picture, "--force")[0] == 0


@pytest.mark.parametrize("content", [None, b"a letter"])
def test_picture_names_a_model_that_is_missing_or_damaged(call, tmp_path, content):
    path = tmp_path / "model\x1b[1m.safetensors"
    if content is not None:
        path.write_bytes(content)
    code, _, err = call("picture", path, "-o", tmp_path / "grid.png")
    assert code == 1
    assert r"model\x1b[1m.safetensors" in error_line(err)


def test_info_shows_what_there_is(call):
    code, out, err = call("info")
    assert (code, err) == (0, "")
    for word in ("cutaway", "python", "numpy", "backends", "instruction set", "threads", "cuda"):
        assert any(line.startswith(word) for line in out.splitlines())


@pytest.mark.usefixtures("emulated")
def test_a_gpu_is_told_by_its_name(call, data, tmp_path):
    options = ("--data", data, "--epochs", 1, "--backend", "cuda", "--no-film", "--out", tmp_path)
    result = json.loads(call("train", *options, "--json")[1])
    assert (result["backend"], result["isa"]) == ("cuda", None)
    assert result["gpu"].startswith("an emulated GPU")
    assert "an emulated GPU" in call("train", *options)[1]
    assert "cpu, numpy, cuda\n" in call("info")[1]
    model = tmp_path / "model.safetensors"
    assert load(model, backend="cuda").fingerprint() == load(model, backend="cpu").fingerprint()


@pytest.mark.parametrize("options", [["train", "--help"], ["--version"]])
def test_help_and_version_go_to_stdout(call, options):
    code, out, err = call(*options)
    assert (code, err) == (0, "")
    assert "cutaway" in out


# bench


@pytest.fixture
def sections(monkeypatch):
    """Sections that are done at once: "peak" is interrupted after its first round, "job" fails."""
    part = {
        "what": "nothing",
        "rounds": 1,
        "seconds": {"cutaway": 0.05, "numpy": 0.2},
        "ratios": {"numpy": 4.0},
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
    made = {name: bench.Section(run, ("cutaway", "numpy")) for name, run in runs.items()}
    monkeypatch.setattr(bench, "SECTIONS", made)


@pytest.fixture
def compare(sections, capsys):  # noqa: ARG001
    """Run `cutaway bench` in this process; return its exit code, stdout and stderr."""

    def run(*arguments):
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                main(["bench", *map(str, arguments)])
        finally:
            signal.signal(signal.SIGTERM, before)
        return end.value.code, *capsys.readouterr()

    return run


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
