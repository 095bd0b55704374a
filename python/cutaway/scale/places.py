"""Places: a word of the command line goes in; joblib then has its workers there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLACES = {"threads": "threading", "processes": "loky"}
_DASK = "dask:"
_WAIT = 8  # seconds for an address to answer


@contextmanager
def working_on(who: str, place: str) -> Iterator[None]:
    """Let the block's workers be in a place.

    Args:
        who: Begins the sentence of an error.
        place: "threads", "processes", or "dask:" and a scheduler's address.

    Raises:
        ModuleNotFoundError: if what it takes is not installed.
        OSError: if the address does not answer.
    """
    try:
        import joblib
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: needs joblib, which is not installed: pip install 'cutaway[sweep]'"
        ) from None
    if not place.startswith(_DASK):
        try:
            with joblib.parallel_config(PLACES[place]):
                yield
        finally:
            if PLACES[place] == "loky":
                from joblib.externals.loky import get_reusable_executor

                get_reusable_executor().shutdown(wait=True, kill_workers=True)
        return
    with (
        _client(who, place.removeprefix(_DASK)) as client,
        joblib.parallel_config("dask", client=client),
    ):
        yield


@contextmanager
def _client(who: str, address: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: dask:{address} needs dask.distributed, which is not installed: "
            "pip install 'dask[distributed]'"
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    try:
        get_address_host_port(address)  # a Client that finds no port tries to end for 16 s more
        client = Client(address, timeout=_WAIT, set_as_default=False)
    except Exception as error:  # a server of another kind may answer with whatever it likes
        wrong = isinstance(error, ValueError | TypeError)
        told = "must name an address, as host:8786" if wrong else f"gave no answer within {_WAIT} s"
        raise ConnectionError(f"{who}: dask:{address} {told}") from None
    try:
        yield client
    finally:
        client.close()
