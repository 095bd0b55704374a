"""Together: ranks of MPI are met, or a sentence says what is not there."""

import sys

import pytest

from cutaway.job.together import join


def test_without_a_library_of_mpi_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "mpi4py").mkdir()
    (tmp_path / "mpi4py" / "__init__.py").write_text("")
    (tmp_path / "mpi4py" / "MPI.py").write_text("raise RuntimeError('cannot load MPI library')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "mpi4py"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        RuntimeError,
        match=r"^train: --mpi needs an MPI library, as of pip install mpich: cannot load",
    ):
        join()
    del sys.modules["mpi4py"]
