"""Ranks that leave, die, or fail alone: the others are told which, soon, and nothing hangs."""

import json
import time

import pytest

pytestmark = pytest.mark.needs("mpi")

TRAINING = """
def data(n=22, seed=3):
    random = np.random.default_rng(seed)
    return cutaway.Dataset(random.integers(0, 256, (n, 6), dtype=np.uint8), np.arange(n) % 3)

def train(epochs=10**6, **more):
    network = cutaway.Network((6, 5, 3), threads=1)
    loader = cutaway.DataLoader(data(), 4, shuffle=True)
    return cutaway.train(network, loader, optimizer=cutaway.SGD(0.1), epochs=epochs, comm=comm, **more)

def fit(epochs, valid=None, **more):
    network = cutaway.Network((6, 5, 3), threads=1)
    loader = cutaway.DataLoader(data(), 4, shuffle=True)
    cutaway.fit(network, loader, optimizer=cutaway.Adam(0.1), epochs=epochs, comm=comm, valid=valid, **more)
    return network.fingerprint()
"""


def ended(process, tmp_path, ranks=()):
    """Wait for an end within ten seconds; return what was said, and what some ranks told."""
    out, err = process.communicate(timeout=10)
    assert process.returncode != 0
    return out + err, [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in ranks]


def under_way(tmp_path):
    """Wait until a script tells that it trains."""
    while not (tmp_path / "under way").exists():
        time.sleep(0.01)


@pytest.mark.parametrize(("ranks", "lost"), [(2, 1), (2, 0), (3, 2)])
def test_all_name_the_rank_whose_process_is_gone(start, tmp_path, ranks, lost):
    # To the others, this is all that a death is: its connections end, and it takes no part any more.
    script = """
import time
from cutaway.errors import RankError
try:
    for moment in (moments := train()):
        if moment.epoch == 3:
            open("under way", "w").close()
            if rank == LOST:
                for line in moments._ranks._lines._lines.values():
                    line.close()
                time.sleep(1.5)
                os._exit(1)
except RankError as error:
    tell(str(error))
    raise
""".replace("LOST", str(lost))
    process = start(ranks, TRAINING + script)
    under_way(tmp_path)
    others = [rank for rank in range(ranks) if rank != lost]
    said, told = ended(process, tmp_path, others)
    assert all(f"train: rank {lost} (" in each and each.endswith(") died") for each in told)
    assert "Traceback" in said
    assert f"cutaway: rank {lost} (" in said


def test_after_a_kill_all_ends_and_a_resumed_training_has_the_bits_of_one_never_killed(
    start, on_ranks, tmp_path
):
    script = """
import signal
import cutaway.learn.ongoing as ongoing
ongoing._LEAST = ongoing._SHARE = 0  # a checkpoint at the end of every epoch

class Deadly(list):
    passes = 0
    def __iter__(self):
        self.passes += 1
        if self.passes == 4 and rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__iter__()

valid = Deadly([data()[:]])
file = "c.safetensors"
"""
    killed = start(2, TRAINING + script + "fit(6, valid, checkpoint=file)")
    ended(killed, tmp_path)
    script += "Deadly.passes = 9\n"
    resumed, other = on_ranks(
        2, TRAINING + script + "tell([fit(6, valid, checkpoint=file, resume=file), fit(6, valid)])"
    )
    assert resumed == other
    assert resumed[0] == resumed[1]


@pytest.mark.parametrize("rank", [0, 1])
def test_who_fails_in_the_middle_tells_why(start, tmp_path, rank):
    script = f"""
class Failing(list):
    def __iter__(self):
        if rank == {rank}:
            raise KeyError("of the user's")
        return super().__iter__()

fit(9, Failing([data()[:]]))
"""
    said, _ = ended(start(2, TRAINING + script), tmp_path)
    assert "KeyError" in said
    assert f"train: rank {rank} (" in said
    assert 'left the training: KeyError: "of the user\'s"' in said


@pytest.mark.parametrize("rank", [0, 1])
def test_ctrl_c_on_one_rank_ends_all(start, tmp_path, rank):
    script = f"""
import signal
for moment in train():
    if moment.epoch == 3 and rank == {rank}:
        signal.raise_signal(signal.SIGINT)
"""
    said, _ = ended(start(2, TRAINING + script), tmp_path)
    assert "KeyboardInterrupt" in said
    assert f"RankError: train: rank {rank} (" in said


def test_a_file_that_cannot_be_read_or_written_is_told_on_all_ranks(on_ranks):
    first, second = on_ranks(
        2,
        TRAINING
        + """
open("damaged", "w").close()
tell([refusal(call) for call in [
    lambda: fit(1, resume="none"),
    lambda: fit(1, resume="damaged"),
    lambda: fit(1, checkpoint="none/c.safetensors"),
    lambda: fit(1),
]])
""",
    )
    assert [each and each.partition(":")[0] for each in first] == [
        "FileNotFoundError", "CheckpointError", "FileNotFoundError", None,
    ]  # fmt: skip
    assert all("left the training: " in each for each in second[:3])
    assert second[3] is None


def test_another_number_of_ranks_goes_on_with_a_warning(on_ranks):
    script = """
def warnings_of(**more):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(2, **more)
    return [str(each.message) for each in caught]

shared, comm = comm, None
if rank == 0:
    fit(1, checkpoint="one")
comm = shared
told = [warnings_of(checkpoint="two", resume="one"), warnings_of(checkpoint="two", resume="two")]
comm = None
tell(told + [warnings_of(resume="two") if rank == 0 else None])
"""
    first, second = on_ranks(2, TRAINING + script)
    rest = "on: the same mini-batches, whose sums may differ in the last bits"
    assert first == [
        [f"fit: one was written by 1 rank, and 2 go {rest}"], [],
        [f"fit: two was written by 2 ranks, and 1 goes {rest}"],
    ]  # fmt: skip
    assert second[:2] == first[:2]


MANY_FILES = """
import resource, time
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
from cutaway.scale.group import Group
group = Group("test", comm)
time.sleep(0.1 * rank)  # rank 0 waits, and looks for the others
group.end()
tell("met")
"""


def test_ranks_may_have_more_than_a_thousand_files_open(on_ranks):
    assert on_ranks(2, MANY_FILES) == ["met", "met"]
