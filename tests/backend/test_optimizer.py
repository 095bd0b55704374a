"""Optimizers and schedules: what they accept, and the shape of a cycle."""

import dataclasses
import re

import numpy as np
import pytest

from cutaway import SGD, Adam, Constant, OneCycle
from cutaway.backend import optimizer


def test_the_defaults_are_those_of_pytorch():
    assert SGD(0.1) == SGD(lr=0.1, momentum=0.0, weight_decay=0.0)
    assert Adam() == Adam(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (SGD, {"lr": np.nan}, "lr must be finite, got nan"),
        (SGD, {"lr": np.inf}, "lr must be finite, got inf"),
        (SGD, {"lr": -0.1}, "lr must be 0 or more, got -0.1"),
        (SGD, {"lr": 0.1, "momentum": 1}, "momentum must be in [0, 1), got 1"),
        (SGD, {"lr": 0.1, "weight_decay": -1}, "weight_decay must be 0 or more, got -1"),
        (Adam, {"lr": np.nan}, "lr must be finite, got nan"),
        (Adam, {"betas": (0.9, 1.0)}, "betas must be in [0, 1), got 1"),
        (Adam, {"eps": -1e-8}, "eps must be 0 or more, got -1e-08"),
        (OneCycle, {"warmup": 1}, "warmup must be in [0, 1), got 1"),
        (OneCycle, {"start": 1.5}, "start must be in [0, 1], got 1.5"),
        (OneCycle, {"end": -0.5}, "end must be in [0, 1], got -0.5"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_with_its_value(make, settings, message):
    with pytest.raises(ValueError, match=f"^{make.__name__}: {re.escape(message)}$"):
        make(**settings)


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (SGD, {"lr": "0.1"}, "SGD: lr must be a number, got '0.1'"),
        (SGD, {"lr": None}, "SGD: lr must be a number, got None"),
        (Adam, {"betas": 0.9}, "Adam: betas must be two numbers, got 0.9"),
        (Adam, {"betas": (0.9,)}, "Adam: betas must be two numbers, got (0.9,)"),
        (Adam, {"betas": (0.9, "x")}, "Adam: betas must be a number, got 'x'"),
    ],
)
def test_a_setting_that_is_no_number_is_a_type_error(make, settings, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make(**settings)


@pytest.mark.parametrize("value", ["adam", SGD])
def test_what_is_no_optimizer_is_a_type_error(value):
    with pytest.raises(
        TypeError, match=r"^train: optimizer must be SGD\(...\) or Adam\(...\), got"
    ):
        optimizer.check("train", value)


@pytest.mark.parametrize("value", [SGD(0.1), Adam(), OneCycle()])
def test_a_description_never_changes(value):
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, 0)


def test_betas_may_be_a_list():
    assert Adam(betas=[0.5, 0.5]) == Adam(betas=(0.5, 0.5))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (SGD(0.1, 0.9), SGD(0.2, 0.9), True),
        (SGD(0.1, 0.9), SGD(0.1, 0.8), False),
        (SGD(0.1), Adam(0.1), False),
        (Adam(0.1), Adam(0.2), True),
        (None, SGD(0.1), False),
    ],
)
def test_an_optimizer_goes_on_with_a_memory_if_only_its_rate_differs(before, after, same):
    assert optimizer.same_memory(before, after) is same


def test_a_constant_schedule_is_one_everywhere():
    np.testing.assert_array_equal(Constant().factors(np.arange(3), 3), [1, 1, 1])


@pytest.mark.parametrize(
    "schedule",
    [
        OneCycle(),
        OneCycle(warmup=0.5),
        OneCycle(warmup=0.1, start=0.5, end=0.2),
        OneCycle(start=0, end=0),
    ],
)
def test_one_cycle_starts_low_peaks_after_warmup_and_ends_lowest(schedule):
    factors = schedule.factors(np.arange(1001), 1001)
    peak = round(1000 * schedule.warmup)
    assert factors[0] == pytest.approx(schedule.start)
    assert factors.argmax() == peak
    assert factors[peak] == pytest.approx(1)
    assert factors[-1] == pytest.approx(schedule.end)
    assert (np.diff(factors[: peak + 1]) > 0).all()
    assert (np.diff(factors[peak:]) < 0).all()


def test_one_cycle_goes_up_and_down_by_half_a_cosine():
    schedule = OneCycle(warmup=0.4, start=0.2, end=0.1)
    quarter, half = (1 - np.cos(np.pi / 4)) / 2, 0.5
    factors = schedule.factors(np.arange(11), 11)
    np.testing.assert_allclose(factors[[1, 2]], [0.2 + 0.8 * quarter, 0.2 + 0.8 * half])
    np.testing.assert_allclose(factors[7], 1 - 0.9 * half)


def test_one_cycle_asked_in_parts_is_the_same_cycle():
    schedule, steps = OneCycle(), np.arange(30)
    parts = [schedule.factors(part, 30) for part in np.split(steps, [1, 13])]
    np.testing.assert_array_equal(np.concatenate(parts), schedule.factors(steps, 30))


@pytest.mark.parametrize("total", [1, 2, 3])
def test_the_shortest_cycles_are_finite(total):
    for warmup in (0, 0.3):
        factors = OneCycle(warmup).factors(np.arange(total), total)
        assert ((factors >= 0) & (factors <= 1)).all()
