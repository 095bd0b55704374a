"""Finding: a file or a folder goes in; what kind it is, and which files are of which set, comes out.

A file's kind is told by its first bytes; which set it is of, by its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..files import open_regular
from .idx import GZIP, is_idx, open_stream
from .parts import NAMES, SETS
from .pictures import SUFFIXES

_HEAD = 4096  # bytes of a file that are looked at
_MOST_FILES = 200  # of a folder that are looked into
_KNOWN = "IDX, CSV, npz, parquet, a pickle of three pairs, a folder of pictures with a sub-folder per class"
_IDX_NAMES = (
    "looked for are names like train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-..."
)
_DEPTH = 2  # folders below the one that is given
_STARTS = {b"\x93NUMPY": "an npy file, which holds one array; np.savez keeps images and labels together",
           b"\x89HDF": "HDF5, as Keras and h5py write it; np.savez writes npz",
           b"MATLAB": "a MATLAB file; np.savez writes npz",
           b"\x89PNG": "one picture; a folder of pictures has a sub-folder per class",
           b"\xff\xd8\xff": "one picture; a folder of pictures has a sub-folder per class",
           b"PK": "a zip file; unpack it, and name what it held",
           b"<": "a web page, perhaps one that tells why there is no file",
           b"{": "JSON; np.savez writes npz",
           b"version https://git-lfs": "a pointer of Git LFS; `git lfs pull` fetches the file",
           b"\xff\xfe": "text in UTF-16; save it in UTF-8",
           b"\x1f\x9d": "of compress; gzip is read", b"BZh": "of bzip2; gzip is read",
           b"\xfd7zXZ": "of xz; gzip is read", b"\x28\xb5\x2f\xfd": "of zstd; gzip is read"}  # fmt: skip
_PICKLES = (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5", b"((", b"(l", b"(d")  # by protocol


class Files(NamedTuple):
    """Files of one kind.

    Attributes:
        kind: "idx", "csv", "npz", "parquet", "pickle" or "pictures".
        paths: By set, "train" first; of "pictures", the folder.
    """

    kind: str
    paths: dict[str, list[Path]]


def find(path: Path) -> Files:
    """Tell what a path holds.

    Raises:
        OSError: if there is nothing, or it cannot be read.
        ValueError: if it holds nothing that is read here, or more than one dataset.
    """
    if not path.is_dir():
        kind = kind_of(path)
        return _idx_of(path) if kind == "idx" else Files(kind, {"train": [path]})
    files = list(_within(path))
    if groups := _idx_groups(files):
        return _only(groups)
    if len({file.parent for file in files if _is_picture(file)}) > 1:
        return Files("pictures", {"train": [path]})
    kinds = {file: _kind_by_name_and_content(file) for file in files}
    if tables := {file: kind for file, kind in kinds.items() if kind}:
        return _tables(path, tables)
    if any(_is_picture(file) for file in files):
        return Files("pictures", {"train": [path]})
    there = _listed(file.relative_to(path) for file in files)
    raise ValueError(f"holds none of: {_KNOWN}; there is {there or 'nothing'}")


def _within(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, down to two folders deeper; of the pictures in each, only one."""
    left, seen = _MOST_FILES, set()
    for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        real = os.path.realpath(root)
        deep = real in seen or len(Path(root).relative_to(folder).parts) >= _DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if name[0] != ".")
        if real in seen:  # a link led back here
            continue
        seen.add(real)
        pictured = False
        for file in (Path(root, name) for name in sorted(names) if name[0] != "."):
            wanted = not pictured if _is_picture(file) else left > 0
            if wanted and file.is_file():  # no pipe, no link into the void
                yield file
                pictured = pictured or _is_picture(file)
                left -= not _is_picture(file)


def _raise(error: OSError) -> None:
    raise error


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _listed(files: Iterable[Path]) -> str:
    names = [str(file) for file in files]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


# what a file is


def kind_of(path: Path) -> str:
    """Tell the kind of a file by its first bytes.

    Raises:
        ValueError: if it is none that is read here: what was looked for, and what was found.
    """
    with open_regular(path) as file:
        packed = file.read(2) == GZIP
        file.seek(0)
        head = open_stream(file).read(_HEAD)
    if is_idx(head):
        return "idx"
    kind = "parquet" if head[:4] == b"PAR1" else "npz" if _is_npz(head) else None
    if kind and packed:
        raise ValueError(f"is {kind} within gzip: unpack it first")
    if kind:
        return kind
    if head[:2] in _PICKLES:
        return "pickle"
    known = next((what for start, what in _STARTS.items() if head.startswith(start)), None)
    if not known and _is_table(head):
        return "csv"
    starts = f"it starts with {head[:8].hex(' ') or 'nothing'}"
    hint = f", as {known}" if known else ""
    raise ValueError(f"is none of: {_KNOWN}; {starts}{hint}")


def _is_npz(head: bytes) -> bool:
    """Tell whether bytes begin a zip file whose first member is an array."""
    length = int.from_bytes(head[26:28], "little")
    return head[:4] == b"PK\3\4" and head[30 : 30 + length].endswith(b".npy")


def _is_table(head: bytes) -> bool:
    """Tell whether bytes begin a text with columns."""
    lines = head.lstrip(b"\r\n").split(b"\n")
    first = (lines[0] if len(lines) == 1 else lines[0].rstrip(b"\r")).removeprefix(b"\xef\xbb\xbf")
    text = first.decode("utf-8", errors="replace")
    return len(re.split(r"[,;|\t ]+", text.strip())) > 1 and all(
        c.isprintable() or c == "\t" for c in text
    )


def _kind_by_name_and_content(file: Path) -> str | None:
    """Tell the kind of a file among others in a folder, where a text may be about the data only."""
    try:
        kind = kind_of(file)
    except ValueError:
        return None
    if kind == "csv" and not {suffix.lower() for suffix in file.suffixes} & {".csv", ".tsv"}:
        return None
    return kind


def _set_of(name: str) -> tuple[str | None, str]:
    """Return which set a file's name tells, and what stands before that."""
    for word in re.finditer(r"t10k|[a-z]+", name.lower()):
        if len(word[0]) > 2 and word[0] in SETS:
            return SETS[word[0]], name[: word.start()].strip("-_. ")
    return None, name


# tables


def _tables(folder: Path, kinds: dict[Path, str]) -> Files:
    """Return the files of a folder by their sets: all of one kind, one of each set (of parquet, any).

    A set may be told by a sub-folder, as in Hugging Face's `train/0000.parquet`. An npz and a pickle
    hold all sets, and so there must be only one.
    """
    sets: dict[str, list[Path]] = {}
    for file in kinds:
        words = reversed(file.relative_to(folder).parts)
        one = next((one for word in words if (one := _set_of(word)[0])), "whole")
        sets.setdefault(one, []).append(file)
    found = {name: sets[name] for name in NAMES if name in sets}
    if "train" not in found:
        found = {"train": sets.get("whole", [])}
    used = {kinds[file] for some in found.values() for file in some}
    many = max(len(some) for some in found.values())
    if len(used) != 1 or (many != 1 and used != {"parquet"}) or (
        len(found) != 1 and not used <= {"csv", "parquet"}
    ):  # fmt: skip
        there = _listed(file.relative_to(folder) for file in kinds)
        raise ValueError(f"which to take: {there}? Name one file")
    return Files(used.pop(), found)


# IDX

Group = dict[tuple[str, str], Path]  # by set, and "images" or "labels"


def _idx_groups(files: Iterable[Path]) -> dict[tuple[Path, str], Group]:
    """Return the IDX files of each dataset, by folder and by what stands before the name of a set.

    A file that is named as one is taken for one, so that its reader tells what is wrong with it.
    """
    groups: dict[tuple[Path, str], Group] = {}
    for file in files:
        role = _idx_role(file)
        if role is not None and ("idx" in file.name.lower() or _is_idx(file)):
            one, what, before = role
            group = groups.setdefault((file.parent, before), {})
            other = group.get((one, what))
            if other is None or other.suffix == ".gz":  # unpacked files lie beside packed ones
                group[one, what] = file
    return groups


def _idx_role(file: Path) -> tuple[str, str, str] | None:
    """Return set, "images" or "labels", and what stands before these in the name of a file."""
    name = file.name.lower()
    found = re.search(r"images?|imgs?|labels?", name)
    if found is None:
        return None
    one, before = _set_of(name)
    what = "labels" if found[0].startswith("label") else "images"
    return one or "whole", what, before if one else name[: found.start()].strip("-_. ")


def _is_idx(file: Path) -> bool:
    with open_regular(file) as opened, suppress(ValueError):
        return is_idx(open_stream(opened).read(4))
    return False


def _idx_of(path: Path) -> Files:
    """Return an IDX file's dataset: the files beside it that are named alike."""
    role = _idx_role(path)
    if role is None:
        raise ValueError(
            f"is an IDX file whose name tells neither images nor labels; {_IDX_NAMES}, or load_idx()"
        )
    groups = _idx_groups(path.parent.iterdir())
    key = (path.parent, role[2])
    return _only({key: groups[key]})


def _only(groups: dict[tuple[Path, str], Group]) -> Files:
    """Return the files of the one dataset: images and labels of each set in turn."""
    if len(groups) > 1:
        first = [next(iter(group.values())) for group in groups.values()]
        raise ValueError(f"holds {len(groups)} datasets; name a file of one: {_listed(first)}")
    (group,) = groups.values()
    sets = [name for name in NAMES if (name, "images") in group or (name, "labels") in group]
    paths = {}
    for one in sets or ["whole"]:
        pair = [group.get((one, what)) for what in ("images", "labels")]
        if None in pair:
            there = _listed(Path(file.name) for file in group.values())
            whose = "" if one == "whole" else f"{one} "
            missing = "images" if pair[0] is None else "labels"
            raise FileNotFoundError(f"no {whose}{missing} beside {there}; {_IDX_NAMES}")
        paths["train" if one == "whole" else one] = [file for file in pair if file]
    if "train" not in paths:
        there = _listed(Path(file.name) for file in group.values())
        raise FileNotFoundError(f"no training images beside {there}; {_IDX_NAMES}")
    return Files("idx", paths)
