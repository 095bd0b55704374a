"""How many threads: what affinity, container quota and the user's word allow."""

import re
from functools import cache

import pytest

from cutaway import threads as machine

CPUS = 8


@pytest.fixture(autouse=True)
def eight_free_cpus(monkeypatch):
    for name in ("CUTAWAY_NUM_THREADS", *machine.CONVENTIONAL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(CPUS)), raising=False)


@pytest.fixture
def root(tmp_path):
    """Make a root folder of these files, for a process in these control groups."""

    def make(groups, **files):
        for path, text in {"proc/self/cgroup": groups, **files}.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return tmp_path

    return make


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/cpu"
BOTH = "sys/fs/cgroup/cpu,cpuacct"

LIMITS = {
    "v2 without a limit": ("0::/", {f"{V2}/cpu.max": "max 100000"}, CPUS),
    "v2 with two CPUs": ("0::/", {f"{V2}/cpu.max": "200000 100000"}, 2),
    "v2 with half a CPU": ("0::/", {f"{V2}/cpu.max": "50000 100000"}, 1),
    "v2 with 2.5 CPUs": ("0::/", {f"{V2}/cpu.max": "250000 100000"}, 3),
    "v2 with more than there are": ("0::/", {f"{V2}/cpu.max": "9900000 100000"}, CPUS),
    "v2, its own group": (
        "0::/user/me",
        {f"{V2}/user/me/cpu.max": "300000 100000", f"{V2}/other/cpu.max": "100000 100000"},
        3,
    ),
    "v2, a group above": (
        "0::/user/me",
        {f"{V2}/user/me/cpu.max": "max 100000", f"{V2}/user/cpu.max": "400000 100000"},
        4,
    ),
    "v2, the least of all": (
        "0::/user/me",
        {f"{V2}/user/me/cpu.max": "500000 100000", f"{V2}/user/cpu.max": "200000 100000"},
        2,
    ),
    "v1 without a limit": (
        "4:cpu:/",
        {f"{V1}/cpu.cfs_quota_us": "-1", f"{V1}/cpu.cfs_period_us": "100000"},
        CPUS,
    ),
    "v1 with two CPUs": (
        "4:cpu:/",
        {f"{V1}/cpu.cfs_quota_us": "100000", f"{V1}/cpu.cfs_period_us": "50000"},
        2,
    ),
    "v1 of two controllers": (
        "1:name=systemd:/\n4:cpu,cpuacct:/",
        {f"{BOTH}/cpu.cfs_quota_us": "300000", f"{BOTH}/cpu.cfs_period_us": "100000"},
        3,
    ),
    "v1 in a container that sees its group as the top": (
        "4:cpu:/docker/0123",
        {f"{V1}/cpu.cfs_quota_us": "200000", f"{V1}/cpu.cfs_period_us": "100000"},
        2,
    ),
    "v1 and v2, the least of both": (
        "4:cpu:/\n0::/",
        {
            f"{V1}/cpu.cfs_quota_us": "500000",
            f"{V1}/cpu.cfs_period_us": "100000",
            f"{V2}/cpu.max": "300000 100000",
        },
        3,
    ),
    "v2 with nothing in its file": ("0::/", {f"{V2}/cpu.max": ""}, CPUS),
    "v2 with a period of 0": ("0::/", {f"{V2}/cpu.max": "100000 0"}, CPUS),
    "v2 with words": ("0::/", {f"{V2}/cpu.max": "two CPUs"}, CPUS),
    "v2 with no number": ("0::/", {f"{V2}/cpu.max": "nan 100000"}, CPUS),
    "v1 with a period of 0": (
        "4:cpu:/",
        {f"{V1}/cpu.cfs_quota_us": "100000", f"{V1}/cpu.cfs_period_us": "0"},
        CPUS,
    ),
    "v1 with nothing in its file": ("4:cpu:/", {f"{V1}/cpu.cfs_quota_us": ""}, CPUS),
    "another controller's group": ("5:cpuset:/", {f"{V1}/cpu.cfs_quota_us": "100000"}, CPUS),
}


@pytest.mark.parametrize(("groups", "files", "expected"), LIMITS.values(), ids=LIMITS)
def test_threads_follow_the_quota_of_the_container(root, groups, files, expected):
    assert machine.default_threads(root(groups, **files)) == expected


def test_without_control_groups_threads_follow_affinity(tmp_path):
    assert machine.default_threads(tmp_path) == CPUS


def test_without_affinity_threads_follow_the_machine(tmp_path, monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert machine.default_threads(tmp_path) == 6


@pytest.mark.parametrize(("text", "expected"), [("3", 3), (" 12 ", 12), ("1024", 1024), ("", 2)])
def test_the_users_number_goes_before_the_quota(root, monkeypatch, text, expected):
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", text)
    folder = root("0::/", **{f"{V2}/cpu.max": "200000 100000"})
    assert machine.default_threads(folder) == expected


@pytest.mark.parametrize("name", machine.CONVENTIONAL)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("3", 3),
        (" 03 ", 3),
        ("4,2", 4),  # a list is for nested loops
        (" 4 , 2", 4),
        ("64", CPUS),  # never more than there are
        ("9" * 5000, CPUS),
        ("", CPUS),
        ("0", CPUS),
        ("-1", CPUS),
        ("abc", CPUS),
        ("2.5", CPUS),
        ("²", CPUS),
        (",3", CPUS),
    ],
    ids=repr,
)
def test_the_variables_of_the_field_lower_the_number(tmp_path, monkeypatch, name, text, expected):
    monkeypatch.setenv(name, text)
    assert machine.default_threads(tmp_path) == expected


def test_the_variables_of_the_field_never_exceed_the_quota(root, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert machine.default_threads(root("0::/", **{f"{V2}/cpu.max": "200000 100000"})) == 2


def test_ours_goes_before_those_of_the_field_and_openmp_before_the_libraries(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "abc")
    assert machine.default_threads(tmp_path) == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.default_threads(tmp_path) == 3
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", "12")
    assert machine.default_threads(tmp_path) == 12


def test_a_single_product_reads_the_variables_of_the_field_once(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_first_conventional", cache(machine._conventional))
    for text in ("3", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert machine.default_threads(tmp_path, anew=False) == 3
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", "5")
    assert machine.default_threads(tmp_path, anew=False) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "must be at least 1, got 0"),
        ("1000000000", "must be at most 1024, got 1000000000"),
        ("-1", "must be an integer of at least 1, got '-1'"),
        ("2.5", "must be an integer of at least 1, got '2.5'"),
        ("x", "must be an integer of at least 1, got 'x'"),
        (" ", "must be an integer of at least 1, got ' '"),
        ("²", "must be an integer of at least 1, got '²'"),
    ],
)
def test_a_bad_number_of_the_user_is_refused_with_its_value(tmp_path, monkeypatch, text, message):
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", text)
    with pytest.raises(ValueError, match=f"CUTAWAY_NUM_THREADS {re.escape(message)}$"):
        machine.default_threads(tmp_path)
