"""The comparison as a whole: what takes part, what is left out, and what survives an interruption."""

import json
import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cutaway import CudaStatus, DeviceError, bench
from cutaway.bench import libraries
from cutaway.threads import default_threads


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Let these libraries, and no others, seem to be installed."""

    def pretend(*names):
        monkeypatch.setattr(libraries, "find_spec", lambda name: name in names or None)

        def load(name):
            module = type(sys)(name)
            module.__version__ = "1.0"
            monkeypatch.setitem(sys.modules, name, module)
            return module

        monkeypatch.setattr(libraries, "load", load)

    pretend()
    return pretend


def section(run, contenders=bench.CONTENDERS, on_gpu=()):
    return replace(bench.SECTIONS["job"], run=run, contenders=contenders, on_gpu=on_gpu)


def sections(monkeypatch, **runs):
    """Replace all sections by these functions, open to every contender."""
    made = {name: section(run) for name, run in runs.items()}
    monkeypatch.setattr(bench, "SECTIONS", made)


def run(chosen=(), contenders=(), repeats=2, threads=None, talk=lambda _: None):
    return bench.run(chosen, contenders, repeats, threads or default_threads(), talk)


def one_round(setting):
    yield {"rounds": 1, "who": list(setting.contenders)}


# which sections, which contenders


def test_a_section_may_wait_until_it_is_named(monkeypatch):
    sections(monkeypatch, one=one_round, two=one_round)
    monkeypatch.setitem(bench.SECTIONS, "two", replace(bench.SECTIONS["two"], by_name=True))
    assert list(run()["sections"]) == ["one"]
    assert list(run(["two"])["sections"]) == ["two"]


def test_all_sections_run_in_their_order_unless_some_are_named(monkeypatch):
    sections(monkeypatch, one=one_round, two=one_round)
    assert list(run()["sections"]) == ["one", "two"]
    assert list(run(["two"])["sections"]) == ["two"]


def test_every_contender_that_is_installed_takes_part_and_the_others_are_named(
    monkeypatch, installed
):
    installed("jax")
    sections(monkeypatch, one=one_round)
    result = run()
    assert result["sections"]["one"]["who"] == ["cutaway", "tutorial", "numpy", "jax"]
    assert result["not_installed"] == ["torch", "tensorflow", "sklearn", "onnxruntime", "onnx"]
    assert result["contenders"]["jax"]["version"] == "1.0"
    assert result["contenders"]["tutorial"]["version"] == np.__version__


def test_cutaway_always_takes_part(monkeypatch):
    sections(monkeypatch, one=one_round)
    result = run(contenders=["numpy"])
    assert result["sections"]["one"]["who"] == ["cutaway", "numpy"]
    assert result["not_installed"] == []


def test_a_library_that_no_section_needs_is_neither_loaded_nor_missed(monkeypatch):
    monkeypatch.setattr(bench, "SECTIONS", {"own": section(one_round, ("cutaway",))})
    result = run()
    assert list(result["contenders"]) == ["cutaway"]
    assert result["not_installed"] == []


@pytest.mark.parametrize(
    ("there", "absent"),
    [(("onnxruntime", "onnx"), []), (("onnxruntime",), ["onnx"]), (("onnx",), ["onnxruntime"])],
)
def test_onnx_runtime_takes_part_where_its_file_can_be_written(
    monkeypatch, installed, there, absent
):
    installed(*there)
    own = {"one": section(one_round, ("cutaway", "onnxruntime"))}
    monkeypatch.setattr(bench, "SECTIONS", own)
    result = run()
    assert ("onnxruntime" in result["contenders"]) == (not absent)
    assert result["not_installed"] == absent


def test_a_contender_asked_for_must_be_installed(monkeypatch):
    sections(monkeypatch, one=lambda _: pytest.fail("ran all the same"))
    message = r"^bench: torch and sklearn must be installed to take part; pip install torch scikit-"
    with pytest.raises(RuntimeError, match=message):
        run(contenders=["sklearn", "numpy", "torch"])


def test_who_compiles_for_long_takes_part_only_when_named(monkeypatch, installed):
    installed("torch")
    torch = libraries.load("torch")
    torch.set_num_threads = lambda _: None
    monkeypatch.setattr(libraries, "load", lambda _: torch)
    sections(monkeypatch, one=one_round)
    assert "torch-compiled" not in run()["contenders"]
    result = run(contenders=["torch-compiled"])
    assert result["sections"]["one"]["who"] == ["cutaway", "torch-compiled"]
    assert result["contenders"]["torch-compiled"]["version"] == "1.0"


# on a GPU


@pytest.fixture
def with_gpu(monkeypatch, installed):
    """Let a GPU be there, which PyTorch finds and JAX does not."""
    monkeypatch.setattr(bench, "cuda_status", lambda: CudaStatus(True, "OK", "a GPU"))
    installed("torch", "jax")
    load = libraries.load

    def find(name):
        module = load(name)
        if name == "torch":
            module.cuda = SimpleNamespace(is_available=lambda: True)
            module.set_num_threads = lambda _: None
        else:
            module.devices = lambda _: _fails("no such backend")
        return module

    monkeypatch.setattr(libraries, "load", find)


def _fails(why):
    raise RuntimeError(why)


def on_gpu(*sections, contenders=()):
    return bench.run(sections, contenders, 1, 1, lambda _: None, backend="cuda")


@pytest.mark.usefixtures("with_gpu")
def test_on_a_gpu_those_who_can_use_it_take_part_beside_the_cpus_core(monkeypatch):
    seen = []

    def look(setting):
        seen.append((setting.backend, setting.contenders, os.environ["JAX_PLATFORMS"]))
        yield {"rounds": 1}

    own = {"one": section(look, ("cutaway",), bench.GPU_CONTENDERS),
           "two": section(look, ("cutaway",))}  # fmt: skip
    monkeypatch.setattr(bench, "SECTIONS", own)
    result = on_gpu()
    assert seen == [("cuda", ("cutaway", "cpu", "torch", "torch-graph"), "cuda")]
    assert list(result["contenders"]) == ["cutaway", "cpu", "torch", "torch-graph"]
    assert result["without_gpu"] == ["jax"]
    assert result["gpu"] == "a GPU"
    with pytest.raises(RuntimeError, match=r"^bench: two is not measured on a GPU"):
        on_gpu("two")


@pytest.mark.usefixtures("with_gpu")
def test_a_contender_asked_for_must_be_able_to_use_the_gpu():
    with pytest.raises(RuntimeError, match=r"^bench: jax cannot use the GPU"):
        on_gpu("lesson9", contenders=["jax"])
    with pytest.raises(
        RuntimeError, match=r"^bench: numpy cannot take part with --backend cuda; cutaway, cpu"
    ):
        on_gpu("lesson9", contenders=["numpy"])


def test_without_a_gpu_the_comparison_says_why(monkeypatch):
    monkeypatch.setattr(bench, "cuda_status", lambda: CudaStatus(False, "NO_DRIVER", "no driver"))
    with pytest.raises(DeviceError, match=r"^bench: no driver") as caught:
        on_gpu("lesson9")
    assert caught.value.code == "NO_DRIVER"


# threads


def test_threads_are_set_for_all_told_and_put_back(monkeypatch):
    from threadpoolctl import threadpool_info  # sets a variable of its own

    seen = {}

    def look(_):
        pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
        seen["blas"] = {p["num_threads"] for p in pools if p["threading_layer"] != "disabled"}
        seen["cutaway"] = default_threads()
        seen["jax"] = os.environ["NPROC"], os.environ["PJRT_NPROC"]
        yield {"rounds": 1}

    sections(monkeypatch, one=look)
    monkeypatch.setenv("NPROC", "7")
    monkeypatch.delenv("PJRT_NPROC", raising=False)
    before = dict(os.environ)
    result = run(threads=default_threads() + 1)
    assert result["threads"] == default_threads() + 1
    assert seen["cutaway"] == result["threads"]
    assert seen["jax"] == (str(result["threads"]),) * 2
    assert {c["threads"] for c in result["contenders"].values()} <= {result["threads"], None}
    assert seen["blas"] <= {result["threads"]}
    assert dict(os.environ) == before


def test_pytorch_is_told_its_threads(monkeypatch, installed):
    told = []
    installed("torch")
    torch = libraries.load("torch")
    torch.set_num_threads = told.append
    monkeypatch.setattr(libraries, "load", lambda _: torch)
    sections(monkeypatch, one=one_round)
    assert run(threads=3)["contenders"]["torch"] == {"version": "1.0", "threads": 3}
    assert told == [3]


def test_tensorflow_is_told_its_threads_and_not_to_use_a_gpu(monkeypatch, installed):
    told = []

    def note(name):
        return lambda *values: told.append((name, *values))

    installed("tensorflow")
    tensorflow = libraries.load("tensorflow")
    tensorflow.config = SimpleNamespace(
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=note("within"),
            set_inter_op_parallelism_threads=note("between"),
        ),
        set_visible_devices=note("devices"),
    )
    monkeypatch.setattr(libraries, "load", lambda _: tensorflow)
    sections(monkeypatch, one=one_round)
    assert run(threads=3)["contenders"]["tensorflow"] == {"version": "1.0", "threads": 3}
    assert told == [("within", 3), ("between", 1), ("devices", [], "GPU")]


# interruptions and failures


def test_ctrl_c_keeps_what_was_measured(monkeypatch):
    def stopped(_):
        yield {"rounds": 1}
        raise KeyboardInterrupt

    sections(monkeypatch, one=one_round, two=stopped, three=one_round)
    result = run()
    assert result["interrupted"]
    assert {name: part["rounds"] for name, part in result["sections"].items()} == {
        "one": 1,
        "two": 1,
    }


def test_a_section_that_fails_does_not_take_the_others_along(monkeypatch):
    def failing(_):
        yield {"rounds": 1}
        raise ValueError("their library has changed")

    sections(monkeypatch, one=failing, two=one_round)
    result = run()
    assert result["failed"] == {"one": "their library has changed"}
    assert not result["interrupted"]
    assert "two" in result["sections"]


def test_the_result_is_plain_and_the_talk_tells_every_round(monkeypatch):
    def two_rounds(_):
        yield {"rounds": 1}
        yield {"rounds": 2}

    told = []
    sections(monkeypatch, one=two_rounds)
    result = run(talk=told.append)
    assert json.loads(json.dumps(result)) == result
    assert told == ["one: warming up", "one: round 1 done", "one: round 2 done"]
