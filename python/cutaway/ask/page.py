"""Page: an earlier run goes in, one HTML file comes out that shows all of it."""

from __future__ import annotations

import os

from .. import checks
from ..data.dataset import Dataset
from ..job.earlier import Earlier, read_run
from ..job.page import page_of
from ..job.source import read_again
from ..learn.rows import check_dataset
from ..look.page.page import Page


def page(
    run: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
) -> Page:
    """Write a run as one HTML file: drag through its training, draw, ask why.

    It needs no network and no server, and holds quantised weights of the moments that the run kept (between
    them it interpolates, and says so), the last ones in full, and some samples of the test set.

    Args:
        run: The folder of a `cutaway train`, or a model's file, anybody's, which is one moment.
        path: Of the HTML file. One that is there is replaced.
        data: Whose samples it shows; None for the test set of the run, or none for a model's file.

    Returns:
        The page, which a notebook shows inline.

    Raises:
        TypeError, ValueError: if there is no such run, it diverged from the start, or the data do not fit.
        OSError: if a file cannot be read or written.
    """
    folder, target = checks.path("page", "run", run), checks.path("page", "path", path)
    earlier = read_run(folder, {"who": "page"})
    if data is not None:
        check_dataset("page", data, earlier.network.architecture)
    elif earlier.data:
        data = read_again(earlier.data)[2]
    made = page_of_earlier(earlier, data)
    made.write(target)
    return made


def page_of_earlier(earlier: Earlier, test: Dataset | None) -> Page:
    """Return the page of an earlier run.

    Args:
        earlier: The run.
        test: The samples that are shown, if any.
    """
    return page_of(
        earlier.network, earlier.moments, history=earlier.history, accuracies=earlier.accuracies,
        test=test, about=earlier.data, told=earlier.verdict,
    )  # fmt: skip
