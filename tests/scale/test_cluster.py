"""Cluster: dask's workers get the data once each; one that dies loses nothing; the rest is as elsewhere."""

import os
import signal
import time
from pathlib import Path

import pytest

from cutaway.scale.workers import Lost, crew, each

pytestmark = pytest.mark.needs("distributed")


class Counted:
    """Data that note in a folder who has made them of a pickle, and who has pickled them."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        (self.folder / f"pickled {time.monotonic_ns()}").touch()
        return arrived, (self.folder,)


def arrived(folder):
    (folder / f"arrived {os.getpid()} {time.monotonic_ns()}").touch()
    return folder


def test_data_are_sent_to_each_worker_at_most_once(cluster, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # where workers find this module
    with cluster():
        got = dict(each(lambda n, _: n, range(20), Counted(tmp_path), crew=crew("t", None, 20)))
    assert len(got) == 20
    names = [path.name.split()[0] for path in tmp_path.iterdir()]
    assert names.count("pickled") == 1
    assert 1 <= names.count("arrived") <= 2


def test_a_worker_that_is_killed_loses_nothing(cluster):
    def slowly(item, data):
        time.sleep(0.05)
        return item + data[0]

    with cluster() as client:
        got, killed = {}, None
        for number, result in each(slowly, range(30), [100] * 9999, crew=crew("t", None, 30)):
            got[number] = result
            if killed is None and len(got) > 3:
                killed = next(iter(client.run(os.getpid).values()))
                os.kill(killed, signal.SIGKILL)
    assert got == {n: n + 100 for n in range(30)}


def test_what_kills_every_worker_is_given_up_alone(cluster):
    def die(item):
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    import dask
    import distributed  # noqa: F401 - or its settings go with this one

    with dask.config.set({"distributed.scheduler.allowed-failures": 1}), cluster():
        got = dict(each(die, range(8), crew=crew("t", None, 8)))
    assert got.pop(3) == Lost("all workers died that were given it")
    assert got == {n: n for n in range(8) if n != 3}


def test_a_cluster_without_workers_is_told(monkeypatch):
    from distributed import Client, LocalCluster
    from joblib import parallel_config

    monkeypatch.setattr("cutaway.scale.workers._WAIT", 0.2)
    quiet = dict(dashboard_address=":0", silence_logs=60, processes=False)
    with (
        LocalCluster(n_workers=0, **quiet) as none,
        Client(none),
        parallel_config("dask"),
        pytest.raises(
            RuntimeError, match=r"^t: the cluster must have a worker, got none in 0.2 s$"
        ),
    ):
        crew("t", None, 1)
