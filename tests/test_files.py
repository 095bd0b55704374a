"""Files: whole or not there, and never somebody else's."""

import errno
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cutaway.files import (
    MARK,
    Replacement,
    is_ours,
    may_write,
    open_regular,
    replacing,
    write_json,
    write_picture,
    write_png,
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    return path


def write(path, data, error=None):
    with replacing(path) as partial:
        partial.write_bytes(data)
        if error:
            raise error


def only_the_old_one(path):
    return path.read_bytes() == b"old" and list(path.parent.iterdir()) == [path]


def test_a_block_that_succeeds_replaces_the_file(path):
    with replacing(path) as partial:
        partial.write_bytes(b"new")
        assert partial.parent == path.parent
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_keeps_the_old_bytes_and_leaves_nothing_else(path, error):
    with pytest.raises(error):
        write(path, b"ne", error)
    assert only_the_old_one(path)


@pytest.mark.parametrize(
    ("owner", "name"), [(os, "fsync"), (Path, "replace")], ids=["fsync", "rename"]
)
def test_a_disk_that_fails_at_the_last_step_is_an_error_naming_the_file(
    path, monkeypatch, owner, name
):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(OSError, match=r"file\.bin'$") as caught:
        write(path, b"new")
    assert caught.value.errno == errno.EIO
    monkeypatch.undo()
    assert only_the_old_one(path)


def test_the_data_reach_the_disk_before_the_name_does(path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, Path.replace

    def note_fsync(file):
        steps.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "data")
        fsync(file)

    def note_rename(source, target):
        steps.append("name")
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_rename)
    write(path, b"new")
    assert steps == ["data", "name", "folder"]


def test_if_the_folder_alone_fails_the_error_says_that_the_new_file_is_in_place(path, monkeypatch):
    fsync = os.fsync

    def fail(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(file)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"the new file is in place, but .*file\.bin'$"):
        write(path, b"new")
    assert path.read_bytes() == b"new"


def killed(path):
    """Let a process begin to write over a file, and be killed."""
    code = (
        "import os, sys; from cutaway.files import Replacement; "
        "Replacement(sys.argv[1]).partial.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9


def test_what_killed_processes_left_goes_with_the_next_one_that_writes_there(path):
    for _ in range(3):
        killed(path)
        assert len(list(path.parent.iterdir())) == 2  # the older one's went
    killed(path.with_name("other"))
    write(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert len(list(path.parent.iterdir())) == 2  # the other name's is for who writes there


def test_two_may_write_to_one_file_and_the_last_one_has_its_way(path):
    first = Replacement(path)
    first.partial.write_bytes(b"first")
    second = Replacement(path)
    second.partial.write_bytes(b"second")
    for one, data in ((second, b"second"), (first, b"first")):
        one.commit()
        assert path.read_bytes() == data
    for one in (first, second):
        one.discard()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode(path, mode):
    path.chmod(mode)
    with replacing(path) as partial:
        assert partial.stat().st_mode & 0o077 == 0  # nobody else reads what is not for all
        partial.write_bytes(b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


def test_a_new_file_has_the_mode_that_the_process_gives_files(tmp_path):
    (tmp_path / "plain").touch()
    write(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(path):
    (path.parent / "elsewhere").mkdir()
    target = path.rename(path.parent / "elsewhere" / "target")
    path.symlink_to("elsewhere/target")
    write(path, b"new")
    assert path.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    "name", ["n" * 250, "n" * 245 + ".json", "n." + "s" * 250, os.fsdecode(b"\xff"), "a:b"]
)
def test_any_name_that_a_file_can_have_can_be_written(tmp_path, name):
    write(tmp_path / name, b"new")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_where_to_write_is_no_protocol_whatever_the_folder_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tcp:127.0.0.1:9").mkdir()
    with replacing("tcp:127.0.0.1:9/file.mp4") as partial:
        assert partial.is_absolute()
        assert (partial.suffix, partial.name.isascii()) == (".mp4", True)
        partial.write_bytes(b"new")


def special(folder, kind, monkeypatch):
    """A file that is no regular one."""
    way = folder / kind
    if kind == "fifo":
        os.mkfifo(way)
    elif kind == "socket":
        monkeypatch.chdir(folder)  # a socket's address must be short
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(kind)
    elif kind == "folder":
        way.mkdir()
    else:
        way.symlink_to(f"/dev/{kind}")
    return way


@pytest.mark.parametrize("kind", ["fifo", "socket", "zero", "urandom", "null", "folder"])
def test_what_is_no_regular_file_is_neither_read_nor_written(tmp_path, kind, monkeypatch):
    way = special(tmp_path, kind, monkeypatch)
    with pytest.raises(OSError, match=r"Is no regular file|Is a directory") as caught:
        open_regular(way)
    assert caught.value.filename == str(way)
    with pytest.raises(OSError, match=r"is no regular file|is a folder"):
        may_write(way)


@pytest.mark.parametrize("place", ["missing/x", "file.bin/x"])
def test_a_folder_that_is_not_there_is_an_error_naming_the_file(path, place):
    target = path.parent / place
    with pytest.raises(OSError, match=r"No such file|Not a directory") as caught:
        write(target, b"new")
    assert caught.value.filename == str(target)
    assert only_the_old_one(path)


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (MARK.encode(), True),
        (b"x" * 1000 + MARK.encode() + b"x" * 100_000, True),
        (b"x" * 100_000 + MARK.encode(), True),
        (b"x" * 100_000 + MARK.encode() + b"x" * 100_000, True),
        (b"x" * 2_000_000 + MARK.encode() + b"x" * 2_000_000, False),
        (b"", False),
    ],
)
def test_a_file_is_ours_if_the_mark_is_near_one_end(path, content, ours):
    path.write_bytes(content)
    assert is_ours(path) is ours


def make(path, kind):
    path.unlink()
    if kind == "ours":
        path.write_text(MARK)
    elif kind == "foreign":
        path.write_text("a letter")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to nothing":
        path.symlink_to(path.parent / "nothing")


@pytest.mark.parametrize(("kind", "force"), [("new", False), ("ours", False), ("foreign", True)])
def test_new_files_and_our_own_may_be_written_and_by_force_those_of_others(path, kind, force):
    make(path, kind)
    may_write(path, force)


def test_a_device_is_never_replaced(tmp_path):
    way = tmp_path / "null"
    way.symlink_to(os.devnull)  # not the system's itself, if this fails
    with pytest.raises(FileExistsError, match=r"Is no regular file: .*null"):
        write(way, b"new")
    assert way.is_symlink()


@pytest.mark.parametrize(
    ("kind", "force", "error"),
    [
        ("foreign", False, FileExistsError),
        ("folder", True, IsADirectoryError),
        ("link to nothing", True, FileExistsError),
    ],
)
def test_what_may_not_be_written(path, kind, force, error):
    make(path, kind)
    with pytest.raises(error, match=r"file\.bin: "):
        may_write(path, force)


@pytest.mark.parametrize(
    ("place", "error"),
    [("missing/x", FileNotFoundError), ("file.bin/x", NotADirectoryError)],
)
def test_a_file_needs_a_folder(path, place, error):
    with pytest.raises(error, match="is not a folder"):
        may_write(path.parent / place)


def test_the_folder_must_be_writable(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="the folder is not writable"):
        may_write(path.parent / "new")


def test_json_and_png_are_whole_or_not_there(path):
    write_json({"losses": [0.5]}, path)
    assert json.loads(path.read_text()) == {"losses": [0.5]}
    with pytest.raises(TypeError):
        write_json({"losses": object()}, path)
    assert json.loads(path.read_text()) == {"losses": [0.5]}
    write_png(Image.new("L", (3, 2)), path, {"Software": MARK})
    assert is_ours(path)
    with Image.open(path) as image:
        assert (image.size, image.text["Software"]) == ((3, 2), MARK)
    assert list(path.parent.iterdir()) == [path]


def test_a_picture_is_written_as_png_or_as_a_page_of_pdf(tmp_path):
    image = Image.new("RGB", (300, 200), "red")
    notes = {"Software": MARK, "Description": "all is red (as blood)"}
    for name, start in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("b.PDF", b"%PDF")):
        write_picture(image, tmp_path / name, notes)
        data = (tmp_path / name).read_bytes()
        assert data.startswith(start)
        assert is_ours(tmp_path / name)
    assert b"[ 0 0 150 100 ]" in data  # points: a page of 300 x 200 pixels at 144 an inch
    assert b"/Width 300" in data
    assert b"DCTDecode" not in data  # a JPEG has ghosts around letters


def test_a_picture_that_knows_its_size_in_print_has_it(tmp_path):
    image = Image.new("RGB", (300, 200), "red")
    image.info["dpi"] = (300, 300)
    write_picture(image, tmp_path / "a.pdf", {})
    assert b"[ 0 0 72 48 ]" in (tmp_path / "a.pdf").read_bytes()
    write_picture(image, tmp_path / "a.png", {})
    with Image.open(tmp_path / "a.png") as written:
        assert written.info["dpi"] == pytest.approx((300, 300), abs=0.1)
