"""Answers side by side: many digits and one, timed and checked."""

import numpy as np
import pytest

from cutaway.bench import predict

pytestmark = pytest.mark.usefixtures("small")


@pytest.mark.parametrize(
    "who",
    [
        "cutaway",
        pytest.param(
            "onnxruntime", marks=[pytest.mark.needs("onnx"), pytest.mark.needs("onnxruntime")]
        ),
    ],
)
def test_answers_are_timed_for_many_digits_and_for_one(setting, who):
    names = dict.fromkeys(["cutaway", who])
    *_, result = predict.measure(setting(*names, repeats=2))
    assert result["rounds"] == 2
    assert [count["digits"] for count in result["counts"]] == [10_000, 1]
    for count in result["counts"]:
        assert list(count["seconds"]) == list(names)
        assert list(count["ratios"]) == list(names)[1:]
        assert all(len(times) == 2 for times in count["times"].values())


def test_wrong_answers_are_no_result(monkeypatch, setting):
    asked = []

    def wrong_at_last(network):
        def answer(pixels):
            asked.append(len(pixels))
            return network.predict(pixels) if len(asked) < 20 else np.full(len(pixels), 5)

        return answer

    monkeypatch.setitem(predict.ANSWERS, "onnxruntime", wrong_at_last)
    message = r"^\d\d\.\d% of the 10000 answers by onnxruntime are wrong$"
    with pytest.raises(RuntimeError, match=message):
        list(predict.measure(setting("cutaway", "onnxruntime", repeats=20)))


def test_threads_of_onnx_runtime_are_set_by_its_own_switch(monkeypatch, setting):
    pytest.importorskip("onnx", reason="onnx is not installed: pip install onnx")
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    told = []
    session = runtime.InferenceSession

    def spy(path, options, **how):
        told.append(options.intra_op_num_threads)
        return session(path, options, **how)

    monkeypatch.setattr(runtime, "InferenceSession", spy)
    list(predict.measure(setting("cutaway", "onnxruntime", threads=1)))
    assert told == [1]
