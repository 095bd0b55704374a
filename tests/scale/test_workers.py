"""Workers: results come as they are done, whoever does them; who dies takes nothing along."""

import os
import signal
import sys
import threading
import time

import joblib
import pytest

from cutaway.scale import workers as module
from cutaway.scale.workers import Lost, crew, each, stopped

NAMES = ["threading", "loky", pytest.param("dask", marks=pytest.mark.needs("distributed"))]


def everything(function, items, *shared, jobs=2):
    items = list(items)
    return dict(each(function, items, *shared, crew=crew("test", jobs, len(items))))


@pytest.mark.parametrize("name", NAMES)
def test_every_item_gets_what_is_shared_and_its_result_has_its_number(name, workers):
    with workers(name):
        got = everything(lambda item, a, b: (item + a, b), range(7), 10, "b")
    assert got == {number: (number + 10, "b") for number in range(7)}


def test_results_come_as_they_are_done():
    gate = threading.Event()
    coming = each(lambda n: n or gate.wait(9), [0, 1, 2], crew=crew("test", 2, 3))
    assert {next(coming)[0], next(coming)[0]} == {1, 2}
    gate.set()
    assert next(coming) == (0, True)


def test_there_are_as_many_at_the_same_time_as_the_caller_says_and_threads_for_the_rest(
    monkeypatch,
):
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", "8")
    assert (crew("t", None, 99).jobs, crew("t", None, 99).threads) == (8, 1)
    assert (crew("t", 3, 99).jobs, crew("t", 3, 99).threads) == (3, 2)
    assert (crew("t", None, 2).jobs, crew("t", None, 2).threads) == (2, 4)
    for backend in ({"backend": "threading"}, {"backend": "loky"}, {}):
        with joblib.parallel_config(**backend, n_jobs=2):
            assert (crew("t", None, 99).jobs, crew("t", None, 99).threads) == (2, 4)
            assert crew("t", 4, 99).jobs == 4


@pytest.mark.parametrize("name", NAMES)
def test_an_error_ends_all_and_is_raised(name, workers):
    def fail(item):
        raise KeyError(item)

    with workers(name), pytest.raises(KeyError):
        everything(fail, range(9))
    assert not module._STOPS


def test_who_is_left_is_told_and_has_ended_when_the_loop_is_over():
    begun, ended = [], []

    def work(item):
        begun.append(item)
        while (item or len(begun) < 3) and not stopped():
            time.sleep(0.001)
        ended.append(item)

    coming = each(work, range(9), crew=crew("test", 3, 9))
    assert next(coming) == (0, None)
    coming.close()
    assert {0, 1, 2} <= set(ended) == set(begun) <= {0, 1, 2, 3}
    assert not stopped()


def test_a_process_that_dies_costs_a_second_try_and_no_result(tmp_path):
    def die_once(item, folder):
        if item == 3 and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    with joblib.parallel_config("loky", n_jobs=2):
        assert everything(die_once, range(8), tmp_path) == {n: n for n in range(8)}
    assert (tmp_path / "died").exists()


def test_what_kills_every_process_is_given_up_alone():
    def die(item):
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    with joblib.parallel_config("loky", n_jobs=2):
        got = everything(die, range(8))
    lost = got.pop(3)
    assert got == {n: n for n in range(8) if n != 3}
    assert isinstance(lost, Lost)
    assert lost.reason.startswith("its worker died 3 times: ")


def test_without_joblib_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^t: needs joblib, .*: pip install 'cutaway\[sweep\]'$"
    ):
        crew("t", None, 1)
