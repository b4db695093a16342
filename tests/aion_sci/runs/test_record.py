"""A record prints as the contract says and comes back as it was."""

from __future__ import annotations

import json
import math

import pytest

from aion_kernels.estimate import Estimate
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec

SPEC = RunSpec("sample.decay", {"rate": 2.0}, {"steps": 32, "precision": "float64"}, "0.1.0+ab")


def make_record(**readings: Reading) -> Record:
    return Record(SPEC, "ok", "", readings, 0.25, {"rate": "1/s"})


def test_json_has_exactly_the_keys_of_the_contract():
    reading = Reading(Estimate(0.5, discretisation=3e-3, solver=1e-3, sampling=3e-3), "percent")
    printed = make_record(lost=reading).to_json()
    assert printed == {
        "run_id": SPEC.id,
        "experiment": "sample.decay",
        "parameters": {
            "rate": {"value": 2.0, "unit": "1/s"},
            "steps": {"value": 32, "unit": "1"},
            "precision": {"value": "float64", "unit": "1"},
        },
        "observables": {
            "lost": {
                "value": 0.5,
                "unit": "percent",
                "error": math.hypot(4e-3, 3e-3),
                "discretisation": 3e-3,
                "sampling": 3e-3,
                "solver": 1e-3,
            }
        },
        "outcome": "ok",
        "seconds": 0.25,
    }


def test_what_is_not_finite_prints_as_null_and_returns_as_nan():
    reading = Reading(Estimate(math.nan, discretisation=math.inf), "m", "non_finite")
    printed = json.loads(json.dumps(reading.to_json(), allow_nan=False))
    assert printed["value"] is None
    assert printed["outcome"] == "non_finite"
    assert printed["discretisation"] is None
    again = Reading.from_json(printed)
    assert math.isnan(again.value)
    assert math.isnan(again.estimate.discretisation)
    assert again.outcome == "non_finite"


def test_only_a_reading_that_is_a_result_is_given_as_one():
    good, bad = Reading(Estimate(1.0), "m"), Reading(Estimate(1.0), "m", "unresolved")
    record = make_record(good=good, bad=bad)
    assert record.result("good") is good
    assert record.result("bad") is None
    assert record.result("absent") is None


@pytest.mark.parametrize("source", ["discretisation", "sampling", "solver"])
def test_an_error_bar_is_not_negative(source: str):
    with pytest.raises(ValueError, match=f"{source} error is -1"):
        Estimate(1.0, **{source: -1.0})
