"""`cutaway bench`: the comparison with other libraries."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import bench
from ..files import MARK, may_write, write_figure
from ..threads import default_threads
from . import options
from .terminal import plain, talk


@click.command("bench")
@click.argument(
    "sections", nargs=-1, type=click.Choice(list(bench.SECTIONS)), metavar="[SECTION]..."
)
@click.option(
    "--contender",
    "contenders",
    type=click.Choice(list(dict.fromkeys(bench.CONTENDERS + bench.GPU_CONTENDERS))),
    multiple=True,
    help="Compare with this one; may be given again. All that are installed if not given, but "
    "torch-compiled, which takes a minute to compile.",
)
@click.option(
    "--repeats",
    type=options.AT_LEAST_ONE,
    default=7,
    show_default=True,
    help="Rounds; medians are shown. At most 3 of `job`, which takes long.",
)
@options.threads("every contender")
@click.option(
    "--backend",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where to compare; on a GPU, cutaway's CPU core takes part, too.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    metavar="US",
    help="Of `scale`: microseconds of a message between the ranks that its model is asked of.",
)
@click.option(
    "--bandwidth",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GB/S",
    help="Of `scale`, likewise: a network of 10 Gbit/s has 1.2.",
)
@options.as_json
@click.option("--plot", type=options.PATH, metavar="FILE", help="A PNG with bars.")
@options.force("a file")
def command(
    sections: tuple[str, ...],
    contenders: tuple[str, ...],
    repeats: int,
    threads: int | None,
    backend: str,
    latency: float | None,
    bandwidth: float | None,
    as_json: bool,
    plot: Path | None,
    force: bool,
) -> int:
    """Compare with other libraries, side by side in one process; answers are checked.

    SECTION is lesson9 or lesson5 (an epoch of the lesson), wide (a wide network), predict (answers
    for 10,000 digits, and for one), matmul (products of many sizes), peak (what the hardware allows,
    and what an epoch reaches of it), job (all that `cutaway train` does, against encoding its film
    alone) or start (importing, and training from the start of a process). All of them if none is
    given; on a GPU, the first three. Libraries that are not installed are left out, and named.

    And, if it is named, scale: one training on many machines, as `mpiexec -n 2 cutaway bench scale`
    finds it, and by a model of more ranks and other networks between them.
    """
    if (latency is None) != (bandwidth is None) or (
        latency is not None and "scale" not in sections
    ):
        raise click.UsageError(
            "--latency and --bandwidth belong together, and to the section scale"
        )
    link = None
    if latency is not None and bandwidth is not None:
        link = bench.Link(latency=1e-6 * latency, bandwidth=1e9 * bandwidth)
    rank, sharing = bench.place() if "scale" in sections else (0, 1)
    threads = threads or max(1, default_threads() // sharing)
    if rank:  # rank 0 tells
        result = bench.run(sections, contenders, repeats, threads, lambda _: None, backend, link)
        return 1 if result["failed"] else 0
    if plot is not None:
        options.check_png(plot, "--plot")
        may_write(plot, force)
    result = bench.run(
        sections,
        contenders,
        repeats,
        threads,
        talk=talk,
        backend=backend,
        link=link,
    )
    print(json.dumps(result, indent=1) if as_json else bench.table(result))
    if plot is not None and result["sections"]:
        notes = {"Software": MARK, "Description": "cutaway bench"}
        write_figure(bench.plot(result), plot, notes)
        (talk if as_json else print)(plain(str(plot)))
    if result["interrupted"]:
        talk("cutaway: interrupted; this is what was measured so far")
        return 130
    if result["failed"]:
        told = "; ".join(f"{name}: {why}" for name, why in result["failed"].items())
        raise RuntimeError(f"bench: {told}")
    return 0
