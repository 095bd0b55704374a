"""Streams that are closed or full."""

import os
import subprocess
import sys

import pytest

from cutaway import load


@pytest.mark.parametrize("command", ["info", "train"])
def test_a_full_or_closed_stdout_is_no_traceback(data, tmp_path, command, cutaway, error_line):
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


def test_a_shell_that_closed_stdout_gets_its_files_all_the_same(data, tmp_path, environment):
    line = 'exec "$@" >&-'
    command = [sys.executable, "-m", "cutaway", "train", "--no-film", "--epochs", "1"]
    process = subprocess.run(
        ["sh", "-c", line, "sh", *command, "--data", data, "--out", tmp_path],
        stderr=subprocess.PIPE, text=True, timeout=60, env=environment(),
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, "")
    assert load(tmp_path / "model.safetensors")
