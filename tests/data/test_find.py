"""Finding: what a path holds is told by first bytes and names of sets, or refused with what is there."""

import gzip
import os
import pickle
import re
import zipfile

import numpy as np
import pytest

from cutaway import load_data
from cutaway.data.find import find, kind_of

IMAGES, LABELS = np.zeros((6, 2, 3), np.uint8), np.arange(6) % 2
TABLE = b"label,a,b\n0,1,2\n1,3,4\n"


@pytest.fixture
def write(tmp_path):
    def write(name, content=b""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def mnist_like(write, idx):
    """Write the four files of a dataset into a folder; return the folder."""

    def mnist_like(
        folder="d", before="", train="train", test="t10k", after="-idx{}-ubyte", pack=bytes
    ):
        for one in (train, test):
            for what, array in (("images", IMAGES), ("labels", LABELS)):
                name = f"{folder}/{before}{one}-{what}{after.format(array.ndim)}"
                path = write(name, pack(idx(array)))
        return path.parent

    return mnist_like


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_kind_is_told_by_content(write, idx, pack):
    contents = {
        "idx": idx(IMAGES),
        "csv": TABLE,
        "pickle": pickle.dumps(((1, 2), (3, 4), (5, 6))),
    }
    for kind, content in contents.items():
        assert kind_of(write("misleading.png", pack(content))) == kind


def test_npz_and_parquet_are_told_by_content(write, tmp_path):
    assert kind_of(write("a.csv", b"PAR1....")) == "parquet"
    np.savez(tmp_path / "a.npz", X=IMAGES)
    assert kind_of(tmp_path / "a.npz") == "npz"


NONE = {
    "empty": (b"", "it starts with nothing"),
    "noise": (bytes(range(128, 148)), "it starts with"),
    "zeros": (bytes(99), "it starts with 00 00 00 00 00 00 00 00"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "it starts with 89 50 4e 47 0d 0a 1a 0a, as one picture; a folder"),
    "npy": (b"\x93NUMPY\1\0", "as an npy file, which holds one array; np.savez keeps"),
    "HDF5": (b"\x89HDF\r\n", "as HDF5, as Keras and h5py write it; np.savez writes npz"),
    "MATLAB": (b"MATLAB 5.0 MAT-file, Platform: GLNX", "as a MATLAB file; np.savez writes npz"),
    "bzip2": (b"BZh91AY&SY", "of bzip2; gzip is read"),
    "a web page": (b"<!DOCTYPE html>\n<p>404", "as a web page, perhaps one that tells why"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "as a pointer of Git LFS; `git lfs pull`"),
    "JSON": (b'{"a": 1, "b": 2}', "as JSON"),
    "UTF-16": ("label,a\n1,2".encode("utf-16"), "as text in UTF-16; save it in UTF-8"),
    "one column": (b"1\n2\n3\n", "it starts with 31 0a 32 0a"),
    "npz in gzip": (gzip.compress(b"PK\3\4" + bytes(22) + b"\5\0\0\0x.npy"), "is npz within gzip"),
    "gzip cut short": (gzip.compress(TABLE)[:-9], "the gzip data are cut short"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), NONE.values(), ids=NONE)
def test_what_is_none_of_these_is_told_by_its_first_bytes(write, content, message):
    path = write("data.bin", content)
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'load_data: {path}: ')}.*{re.escape(message)}"
    ):
        load_data(path)


def test_a_zip_file_of_others_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("cat/1.png", b"")
    with pytest.raises(ValueError, match="as a zip file; unpack it"):
        load_data(tmp_path / "a.zip")


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_one_sentence(write, survives, seed):
    draw = np.random.default_rng(seed)
    starts = [
        b"",
        b"\0\0\x08\3",
        b"\0\0\x0d\1",
        b"PK\3\4",
        b"PAR",
        b"\x80\4",
        b"1,2,3\n",
        b"\x1f\x8b\x08\0",
    ]
    survives(write("x"), contents=[start + draw.bytes(n) for start in starts for n in (1, 9, 300)])


FORMS = [
    {},
    {"after": ".idx{}-ubyte"},
    {"after": "-idx{}-ubyte.gz", "pack": gzip.compress},
    {"test": "test"},
    {"before": "qmnist-", "test": "test"},
    {"train": "training", "test": "testing"},
    {"folder": "FashionMNIST/raw"},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form) or "as MNIST's")
def test_idx_files_are_told_by_their_names(mnist_like, tmp_path, form):
    folder = mnist_like(**form)
    of_folder, of_file = find(tmp_path), find(sorted(folder.iterdir())[0])
    assert of_folder == of_file
    assert of_folder.kind == "idx"
    assert list(of_folder.paths) == ["train", "test"]
    names = [[file.name for file in pair] for pair in of_folder.paths.values()]
    assert all("images" in images and "labels" in labels for images, labels in names)
    assert all("tr" in name for name in names[0])


def test_of_packed_and_unpacked_files_the_unpacked_are_taken(mnist_like):
    """As torchvision leaves them."""
    mnist_like(after="-idx{}-ubyte.gz", pack=gzip.compress)
    found = find(mnist_like())
    assert not [file for pair in found.paths.values() for file in pair if file.suffix == ".gz"]


def test_two_datasets_are_refused_unless_a_file_names_one(mnist_like):
    folder = mnist_like(before="emnist-letters-", test="test")
    mnist_like(before="emnist-digits-", test="test")
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'load_data: {folder}: holds 2 datasets; name')}"
    ):
        load_data(folder)
    found = find(folder / "emnist-digits-test-labels-idx1-ubyte")
    assert all("digits" in file.name for pair in found.paths.values() for file in pair)


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("train-images-idx3-ubyte", "no train images beside "),
        ("t10k-labels-idx1-ubyte", "no test labels beside "),
    ],
)
def test_a_file_that_is_missing_is_told(mnist_like, gone, message):
    folder = mnist_like()
    (folder / gone).unlink()
    with pytest.raises(
        FileNotFoundError, match=f"^{re.escape(f'load_data: {folder}: {message}')}.*names like"
    ):
        load_data(folder)


def test_a_web_page_in_the_place_of_an_idx_file_is_told(mnist_like):
    """As servers send for a file that is gone."""
    path = mnist_like() / "train-images-idx3-ubyte"
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(
        ValueError, match=f"^load_data: {re.escape(str(path))}: not an IDX file: it starts with 3c"
    ):
        load_data(path.parent)


def test_an_idx_file_without_a_name_is_told(write, idx):
    with pytest.raises(
        ValueError, match="is an IDX file whose name tells neither images nor labels"
    ):
        load_data(write("a.bin", idx(IMAGES)))


@pytest.mark.parametrize(
    "names", [["train.csv", "test.csv"], ["mnist_train.csv.gz", "mnist_test.CSV.gz"]]
)
def test_tables_are_told_by_their_names(write, tmp_path, names):
    for name in names:
        write(name, gzip.compress(TABLE) if name.endswith("gz") else TABLE)
    write("sample_submission.csv", TABLE)
    write("README.md", b"some, text, about\n")
    found = find(tmp_path)
    assert found.kind == "csv"
    assert {one: [file.name for file in files] for one, files in found.paths.items()} == {
        "train": names[:1],
        "test": names[1:],
    }


@pytest.mark.parametrize(
    "names", [["a.csv", "b.csv"], ["train.csv", "train_2.csv"], ["test.csv"]], ids=str
)
def test_which_to_take_is_asked(write, tmp_path, names):
    for name in names:
        write(name, TABLE)
    with pytest.raises(
        ValueError, match=re.escape(f"which to take: {', '.join(names)}? Name one file")
    ):
        load_data(tmp_path)


def test_two_npz_are_not_two_sets(tmp_path):
    for name in ("train.npz", "test.npz"):
        np.savez(tmp_path / name, X=IMAGES, y=LABELS)
    with pytest.raises(ValueError, match=re.escape("which to take: test.npz, train.npz?")):
        load_data(tmp_path)


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(
        ValueError,
        match=f"^{re.escape(f'load_data: {tmp_path}: holds none of: IDX')}.*there is nothing$",
    ):
        load_data(tmp_path)


def test_a_folder_of_other_files_tells_some(write, tmp_path):
    for i in range(9):
        write(f"{i}.doc", b"x")
    with pytest.raises(ValueError, match=r"there is 0\.doc, 1\.doc, .*5\.doc and 3 more$"):
        load_data(tmp_path)


def test_links_that_lead_back_and_pipes_are_passed_over(mnist_like):
    folder = mnist_like()
    (folder / "loop").symlink_to(folder)
    (folder / "void.csv").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.csv")
    assert find(folder).kind == "idx"


def test_nothing_there_is_the_systems_error(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"^\[Errno 2\] No such file or directory: .*nowhere"
    ):
        load_data(tmp_path / "nowhere")


def test_a_folder_that_may_not_be_read_is_the_systems_error(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        PermissionError, match=re.escape(f"[Errno 13] Permission denied: '{tmp_path}'")
    ):
        load_data(tmp_path)
