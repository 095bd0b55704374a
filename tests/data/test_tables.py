"""CSV: the column of labels is found, numbers become what they are, and a bad line is told."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest

from cutaway import load_data
from cutaway.data.parts import Found
from cutaway.data.tables import read_csv

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (40, 16))
PIXELS[:, 0] = PIXELS[:, -1] = 0  # corners, which are paper
NUMBERS = RNG.normal(size=(40, 3)).round(3)
LABELS = np.arange(40) % 4
KINDS = np.array(["cat", "dog", "eel", "fox"])
NAMES = [f"p{i}" for i in range(16)]


def table(*columns, names=None, delimiter=",", end="\n"):
    """The text of a table."""
    rows = np.column_stack([np.asarray(column, dtype=object) for column in columns]).tolist()
    return "".join(delimiter.join(map(str, row)) + end for row in ([names] if names else []) + rows)


@pytest.fixture
def read(tmp_path):
    def read(text, label=None, name="data.csv") -> Found:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
        return read_csv({"train": tmp_path / name}, label)

    return read


GOOD = {
    "first, no header": table(LABELS, PIXELS),
    "last, no header": table(PIXELS, LABELS),
    "first, header": table(LABELS, PIXELS, names=["label", *NAMES]),
    "last, header": table(PIXELS, LABELS, names=[*NAMES, "Class"]),
    "in the middle": table(PIXELS[:, :5], LABELS, PIXELS[:, 5:], names=[*NAMES[:5], "y", *NAMES[5:]]),
    "last, unknown name": table(PIXELS, LABELS, names=[*NAMES, "kind"]),
    "semicolons": table(LABELS, PIXELS, delimiter=";"),
    "tabs": table(LABELS, PIXELS, delimiter="\t"),
    "spaces": table(LABELS, PIXELS, delimiter=" "),
    "Windows": table(LABELS, PIXELS, end="\r\n"),
    "mixed line ends": table(LABELS[:7], PIXELS[:7], end="\r\n") + table(LABELS[7:], PIXELS[7:]),
    "no last line end": table(LABELS, PIXELS).rstrip(),
    "empty lines": "\n\n" + table(LABELS, PIXELS, end="\n\n") + "  \n",
    "byte order mark": "\ufeff" + table(LABELS, PIXELS, names=["label", *NAMES]),
    "gzip": gzip.compress(table(LABELS, PIXELS).encode()),
    "quoted": re.sub(r"[^,\n]+", r'"\g<0>"', table(LABELS, PIXELS, names=["label", *NAMES])),
    "float labels": table(LABELS.astype(float), PIXELS),
    "float pixels": table(LABELS, PIXELS.astype(float)),
    "names are numbers": table(LABELS, PIXELS, names=["label", *range(16)]),
    "all names are numbers": table(LABELS, PIXELS, names=list(range(17))),
    "pandas' index": table(range(40), LABELS, PIXELS, names=["", "label", *NAMES]),
    "index, last, unknown": table(range(40), PIXELS, LABELS, names=["Id", *NAMES, "kind"]),
    "np.savetxt's header": "# " + table(LABELS, PIXELS, names=["label", *NAMES]),
    "a name twice": table(LABELS, PIXELS, names=["label"] + ["p"] * 16),
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_labels_are_found_and_pixels_are_bytes(read, text):
    (part,) = read(text).parts.values()
    np.testing.assert_array_equal(np.asarray(part.labels, float), LABELS)
    np.testing.assert_array_equal(part.images, PIXELS)
    assert part.images.dtype.kind in "ui"


@pytest.mark.parametrize("label", [2, -15, "2", "-15", "b"])
def test_label_names_a_column_or_counts_it(read, label):
    text = table(PIXELS[:, :2], LABELS, PIXELS[:, 2:], names=["label", "a", "b", *NAMES[2:]])
    np.testing.assert_array_equal(read(text, label).parts["train"].labels, LABELS)


@pytest.mark.parametrize(("label", "column"), [("first", LABELS), ("last", PIXELS[:, -1])])
def test_label_may_be_first_or_last(read, label, column):
    found = read(table(LABELS, PIXELS), label)
    np.testing.assert_array_equal(found.parts["train"].labels, column)


def test_of_two_ends_with_whole_numbers_the_one_without_gaps_is_the_label(read):
    """Pixels are whole numbers, too, but few of the 256 occur in a corner."""
    pixels = PIXELS.copy()
    pixels[::3, 0] = 200
    found = read(table(pixels, LABELS))
    assert found.remarks == ["labels are column '16'"]


def test_text_is_the_label_and_names_the_classes(tmp_path):
    quoted = [f'"{kind}, large"' for kind in KINDS[LABELS]]
    (tmp_path / "d.csv").write_text(table(NUMBERS, quoted, names=["a", "b", "c", "what"]))
    train, valid, test = load_data(tmp_path / "d.csv")
    assert train.class_names == tuple(f"{kind}, large" for kind in KINDS)
    assert not train.pixels
    rows = np.concatenate([some.images for some in (train, valid, test)])
    expected = NUMBERS.astype(np.float32)
    assert sorted(rows.tolist()) == sorted(expected.tolist())


def test_numbers_keep_their_values_when_later_lines_are_no_bytes(read):
    """More text than is parsed at a time: bytes at first, then floats."""
    first = np.tile(PIXELS, (900, 1))
    last = np.full((2, 16), -0.5)
    text = table(np.tile(LABELS, 900), first) + table([0, 1], last)
    (part,) = read(text).parts.values()
    assert part.images.dtype == np.float32
    np.testing.assert_array_equal(part.images, np.concatenate([first, last]))


def test_wide_whole_numbers_are_integers(read):
    (part,) = read(table(LABELS, PIXELS * 300)).parts.values()
    assert part.images.dtype == np.int32
    np.testing.assert_array_equal(part.images, PIXELS * 300)


def test_what_was_done_is_told(read):
    found = read(table(range(40), LABELS, PIXELS, names=["id", "label", *NAMES]))
    assert found.remarks == ["labels are column 'label'", "column 'id' is left out"]


@pytest.fixture
def kaggle(tmp_path):
    (tmp_path / "train.csv").write_text(table(LABELS, PIXELS, names=["label", *NAMES]))
    (tmp_path / "test.csv").write_text(table(PIXELS[:9], names=NAMES))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    return tmp_path


def test_a_test_set_without_labels_is_left_out(kaggle):
    from cutaway.data.read import read_sets

    *sets, told = read_sets(kaggle)
    assert [len(some) for some in sets] == [28, 6, 6]
    assert told.endswith("test.csv has no labels and is left out")


def test_a_test_set_with_labels_is_the_test_set(kaggle):
    (kaggle / "test.csv").write_text(table(LABELS[:9], PIXELS[:9], names=["label", *NAMES]))
    train, valid, test = load_data(kaggle)
    assert [len(some) for some in (train, valid)] == [34, 6]
    np.testing.assert_array_equal(test.images, PIXELS[:9])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (table(PIXELS, LABELS, names=[*NAMES, "label"]), "must be named as in the training set, got 'p0'"),
        (table(LABELS, PIXELS), "must be named as in the training set, got '0'"),
        (table(LABELS, PIXELS[:, 1:], names=["label", *NAMES[1:]]), "must be named as in the training set"),
    ],
)  # fmt: skip
def test_a_test_set_of_other_columns_is_refused(kaggle, text, message):
    (kaggle / "test.csv").write_text(text + "\n")
    with pytest.raises(ValueError, match=f"^{re.escape(f'load_data: {kaggle}: ')}") as error:
        load_data(kaggle)
    assert message in str(error.value)


HEADED = ["label", *NAMES]
CELL = table(LABELS, PIXELS).splitlines()
BAD = {
    "a column less": ("1,2,3\n0,5,6\n1,2\n", "line 3 must have 3 columns as the first, got 2"),
    "a column more": ("1,2,3\n\n0,5,6\n\n1,2,3,4\n", "line 5 must have 3 columns as the first, got 4"),
    "no number": ("label,a,b\n0,5,6\n1,2,x\n", "line 3, column 'b' must be a number, got 'x'"),
    "no number, no header": ("0,5,6\n2,2,3\n1,2,x\n", "line 3, column '2' must be a number, got 'x'"),
    "an empty cell": ("label,a,b\n0,5,\n1,2,3\n", "line 2, column 'b' must be a number, got ''"),
    "underscores": ("label,a,b\n0,5,6\n1,2,1_0\n", "line 3, column 'b' must be a number, got '1_0'"),
    "decimal commas": ("label;a;b\n0;1,5;2\n1;2,5;3\n", "numbers must have decimal points, these"),
    "no label": ("label,a,b\n0,5,6\n,2,3\n", "line 3 has no label"),
    "negative labels": ("label,a,b\n0,5,6\n-1,2,3\n", "labels must be 0 or more, got -1"),
    "NaN": ("label,a,b\n" + "0,5,6\n1,2,nan\n" * 9, "images must be finite, got nan"),
    "too large": ("label,a,b\n" + "0,5,6\n1,2,1e300\n" * 9, "images must be finite, got inf"),
    "Latin-1": (b"label,a,b\n0,5,6\n" + b"\xe4,2,3\n", "line 3 is no text in UTF-8"),
    "NUL": ("label,a,b\n0,5,6\n1,2,\0\n", "line 3, column 'b' must be a number"),
    "one line": ("1,2,3\n", "must have at least 2 lines, got 1"),
    "index alone": ("id,label\n1,2\n3,4\n", "must have a column of labels and others, got 'id,label'"),
    "two texts": ("a,b,c\nx,y,1\nz,w,2\n", "These could: 'a', 'b'; label= names one"),
    "no classes": ("0.5,2,3.5\n0.7,5,6.5\n", "must have a column of labels, and none of 3 is named so"),
    "both ends": ("0,5,1\n1,6,0\n", "These could: '0', '2'; label= names one"),
    "both ends with gaps": ("0,5,3\n7,6,9\n", "These could: '0', '2'; label= names one"),
    "unclosed quote": ('label,a,b\n0,5,6\n1,"2,3\n', "line 3 must have 3 columns as the first, got 2"),
    "a long quoted cell": (f'0,5,6\n1,2,"{"x" * 200_000}"\n', "no columns can be told in '1,2,\"xxx"),
    "one class": ("label,a,b\n" + "1,5,6\n" * 9, "labels must be of at least 2 classes, got 1"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_line_is_told_by_its_number(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'load_data: {path}: ')}.*{re.escape(message)}"
    ):
        load_data(path)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("kind", "label must be a column, got 'kind'; there are label, p, p, p"),
        ("--1", "label must be a column, got '--1'"),
        ("p", "label must be one column, 16 are named 'p'"),
        (17, "label must be one of 17 columns, counted from 0, got 17"),
        (-18, "label must be one of 17 columns, counted from 0, got -18"),
    ],
)
def test_a_label_that_is_no_column_is_refused(read, label, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read(table(LABELS, PIXELS, names=["label"] + ["p"] * 16), label)


def test_a_file_cut_or_changed_anywhere_is_one_sentence(tmp_path, survives):
    for pack in (bytes, gzip.compress):
        path = tmp_path / "data.csv"
        path.write_bytes(
            pack(table(LABELS[:12], PIXELS[:12, :3], names=["label", "a", "b", "c"]).encode())
        )
        survives(path, step=2)


def test_a_line_without_end_takes_little_memory(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"1,2,3\n1," + b"2" * (200 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="line 2 has more than 16777216 bytes"):
            load_data(path)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_what_spreadsheets_leave_is_passed_over(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("sep=;\nlabel;a;b\n0;5;6\n1;7;8\n" + "0;1;2\n1;3;4\n" * 8 + ";;\n ; ; \n")
    train, valid, test = load_data(path)
    assert len(train) + len(valid) + len(test) == 18
