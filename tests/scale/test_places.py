"""Places: threads, processes, or a cluster at an address; what is not there is told at once."""

import gc
import sys
import time

import joblib
import pytest

from cutaway.scale import places as module
from cutaway.scale.places import working_on


@pytest.mark.parametrize(("place", "kind"), [("threads", "Threading"), ("processes", "Loky")])
def test_a_word_chooses_joblib_s_workers(place, kind):
    with working_on("sweep", place):
        backend, _ = joblib.parallel.get_active_backend()
        assert type(backend).__name__ == f"{kind}Backend"


@pytest.mark.needs("distributed")
def test_an_address_is_a_cluster_s(cluster):
    with cluster() as client, working_on("sweep", f"dask:{client.scheduler.address}"):
        backend, _ = joblib.parallel.get_active_backend()
        assert backend.client.scheduler.address == client.scheduler.address
        assert backend.client is not client


@pytest.mark.needs("distributed")
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:1", "gave no answer within 1 s"),
        ("tcp://127.0.0.1:1", "gave no answer within 1 s"),
        ("nonsense", "must name an address, as host:8786"),
        ("", "must name an address, as host:8786"),
        ("127.0.0.1", "must name an address, as host:8786"),
    ],
)
def test_an_address_that_does_not_answer_is_told_in_time(address, sentence, monkeypatch):
    monkeypatch.setattr(module, "_WAIT", 1)
    monkeypatch.setattr(sys, "unraisablehook", pytest.fail)  # as of a Client that is half made
    begin = time.monotonic()
    with (
        pytest.raises(ConnectionError, match=rf"^sweep: dask:{address} {sentence}$"),
        working_on("sweep", f"dask:{address}"),
    ):
        pass
    gc.collect()
    assert time.monotonic() - begin < 10


def test_without_dask_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            ModuleNotFoundError, match=r"^sweep: dask:a:1 needs dask.distributed, .* pip install"
        ),
        working_on("sweep", "dask:a:1"),
    ):
        pass


def test_without_joblib_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with (
        pytest.raises(ModuleNotFoundError, match=r"pip install 'cutaway\[sweep\]'$"),
        working_on("sweep", "threads"),
    ):
        pass
