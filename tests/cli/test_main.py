"""The command line: errors are one line, and exit codes say what went wrong."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["fly"], "No such command 'fly'; see 'cutaway --help'"),
        (["train", "--fast"], "train: No such option"),
        (["train", "--epochs", "0"], "train: Invalid value for '--epochs'"),
        (["train", "--hidden", "0"], "train: Invalid value for '--hidden'"),
        (["train", "--lr", "nan"], "train: Invalid value for '--lr'"),
        (["train", "--fps", "0"], "'--fps': must be from 0.01 to 1000, got 0"),
        (["train", "--fps", "nan"], "'--fps': must be from 0.01 to 1000, got NaN"),
        (["train", "--fps", "1/0"], "'--fps': must be a number, got '1/0'"),
        (["train", "--fps", "fast"], "'--fps': must be a number, got 'fast'"),
        (["picture", "x", "-o", "x.jpg"], "picture: Invalid value for --output: must end in .png"),
        (["train", "--\x1b[2J"], "--\\x1b[2J"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(call, arguments, text, error_line):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert text in error_line(err)
    assert "--help'" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--data", "nowhere"], "nowhere: No such file or directory"),
        (["--backend", "cuda:99"], "Network: backend 'cuda:99': "),
        (["--out", "file/in"], "file/in: Not a directory"),
        (["--data", "file"], "load_data: file: is none of: IDX, CSV, npz, "),
        (["--lr", "1e30"], "the loss must stay finite, got "),
        (["--lr", "1e300"], "rates must be finite, got inf"),
    ],
)
def test_a_failure_is_one_line_and_exit_1(
    call, data, tmp_path, monkeypatch, arguments, text, error_line
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, err = call(
        "train", "--data", data, "--quiet", "--recipe", "lesson5", "--no-film", *arguments
    )
    assert code == 1
    assert text in error_line(err)


def test_debug_shows_the_traceback(cutaway):
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
def test_a_wrong_setting_in_the_environment_is_one_line(name, value, text, cutaway, error_line):
    process = cutaway("info", env={name: value})
    assert process.returncode == 1
    assert text in error_line(process.stderr)
    assert f"got '{value}'" in process.stderr


@pytest.mark.parametrize("options", [["train", "--help"], ["--version"], [], ["--debug"]])
def test_help_and_version_go_to_stdout(call, options):
    code, out, err = call(*options)
    assert (code, err) == (0, "")
    assert "cutaway" in out


@pytest.mark.parametrize("command", [[], ["train"], ["poster"]])
def test_help_is_there_without_docstrings(cutaway, command):
    usual, stripped = (
        cutaway(*command, "--help", start=(*flags, "-m", "cutaway")).stdout
        for flags in ((), ("-OO",))
    )
    assert stripped == usual


def test_an_argument_of_a_megabyte_is_told_in_a_line(call, error_line):
    for arguments in (
        ["x\x1b" * 500_000],
        ["train", "--lr", "x" * 10**6],
        ["train", "--data", "x" * 10**6],
    ):
        _, _, err = call(*arguments)
        assert len(error_line(err)) < 10_000


def test_a_warning_is_one_line(cutaway):
    code = (
        "from cutaway.cli import main; from cutaway.errors import warn; "
        "main.cli.main = lambda *_, **__: warn('grid: so\\nit is'); main.main()"
    )
    process = cutaway(start=("-c", code))
    assert (process.returncode, process.stderr) == (0, "cutaway: warning: grid: so\\x0ait is\n")


def test_alone_it_is_its_help(call):
    assert call() == call("--help")


def test_a_command_loads_nothing_that_another_one_needs(cutaway):
    code = (
        "import sys; from cutaway.cli.main import cli; cli.get_command(None, 'train'); "
        "print([name for name in sys.modules if name.startswith('cutaway.bench')])"
    )
    assert cutaway(start=("-c", code)).stdout == "[]\n"


STARTS = {
    "python -m cutaway": "import runpy; runpy.run_module('cutaway', run_name='__main__')",
    "cutaway": "from cutaway.__main__ import main; main()",  # the script that pip makes
}
# Presses Ctrl-C when a module is first looked for.
PRESS = """
import signal, sys
class Press:
    def find_spec(self, name, *_):
        if name == {!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Press())
sys.argv = ["cutaway", "train", "--data", "nowhere"]
"""


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("module", ["click", "numpy", "cutaway.cli", "cutaway.cli.terminal"])
def test_ctrl_c_while_it_starts_is_exit_130_and_nothing_else(cutaway, start, module):
    process = cutaway(start=("-c", PRESS.format(module) + STARTS[start]))
    assert (process.returncode, process.stdout, process.stderr) == (130, "", "")


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_a_command_is_told(cutaway):
    code = PRESS.format("cutaway.job.run") + STARTS["cutaway"]
    process = cutaway(start=("-c", code))
    assert (process.returncode, process.stderr.strip()) == (130, "cutaway: interrupted")


def test_who_ignores_ctrl_c_goes_on_ignoring_it(cutaway):
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    process = cutaway(start=("-c", ignored + PRESS.format("click") + STARTS["cutaway"]))
    assert process.returncode == 1
    assert "nowhere: No such file" in process.stderr
