"""Progress: a bar where there is a terminal, a line per epoch everywhere, nothing if told so."""

import errno
import fcntl
import json
import os
import pty
import struct
import termios


def test_beside_json_stderr_has_a_line_per_epoch_and_no_bar(done):
    told, head, *lines = done[0].stderr.splitlines()
    assert told.startswith("data: IDX: 868 images of 8 x 8, 4 classes; 640 to train, ")
    assert "validation loss" in head
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert not set("\r\x1b|█") & set(done[0].stderr)


def test_quiet_says_nothing_but_the_result(call, data, tmp_path):
    options = ("--data", data, "--out", tmp_path, "--epochs", 1, "--no-film", "--quiet")
    code, out, err = call("train", *options)
    assert (code, err) == (0, "")
    assert out.startswith("test accuracy ")


def test_a_terminal_gets_a_bar_on_stderr(data, tmp_path, cutaway):
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
