"""A ladder becomes readings: Richardson's error, solver and sampling bars, and honest outcomes."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_sci.experiments import Experiment
from aion_sci.runs.refine import refine

RUNGS = (16, 24, 32)


def solution(values: dict, *, outcome=(0, 0), **bars: dict) -> Solution:
    members = len(outcome)
    return Solution(
        {
            "observables": {n: np.asarray(v, dtype=float) for n, v in values.items()},
            "solver": bars.get("solver", {}),
            "sampling": bars.get("sampling", {}),
            "fields": bars.get("fields", {}),
        },
        np.asarray(outcome, np.int32),
        {"member_seconds": np.full(members, 0.5)},
    )


def ladder(experiment: Experiment, order: float = 2.0, **changes) -> list[Solution]:
    """Two members whose observables are 1 and 2, plus 0.3 hᵖ."""
    limit = np.array([1.0, 2.0])
    return [
        solution(
            {o.name: limit + 0.3 * (1.0 / n) ** order for o in experiment.observables}, **changes
        )
        for n in RUNGS
    ]


def test_a_ladder_of_the_stated_order_is_extrapolated(samples: ModuleType):
    """1e-9: the model of two terms is exact here; what is left is amplified round-off."""
    refined = refine(samples.decay, RUNGS, ladder(samples.decay))
    assert [r.outcome for r in refined] == [Outcome.ok, Outcome.ok]
    for row, limit in enumerate((1.0, 2.0)):
        reading = refined[row].readings["remaining"]
        assert reading.value == pytest.approx(limit, rel=1e-9)
        assert reading.unit == "1"
        assert 0 < reading.estimate.discretisation < 1e-3
        assert refined[row].details["rungs"] == list(RUNGS)
        order = refined[row].details["ladder"]["lost"]["observed_order"]
        assert order == pytest.approx(2, abs=1e-6)
    assert refined[0].seconds == 1.5


def test_a_wrong_order_is_unresolved_in_its_observable_only(samples: ModuleType):
    rungs = ladder(samples.rough)
    for n, rung in zip(RUNGS, rungs, strict=True):
        rung.value["observables"]["edge"] = np.array([1.0, 1.0]) + n**-0.4
    refined = refine(samples.rough, RUNGS, rungs)[0]
    assert refined.outcome == Outcome.unresolved
    assert refined.readings["smooth"].outcome == "ok"
    assert refined.readings["edge"].outcome == "unresolved"
    assert "raise the resolution" in refined.outcome.remedy


def test_the_worst_rung_decides_for_its_member_alone(samples: ModuleType):
    rungs = ladder(samples.decay)
    rungs[0] = rungs[0]._replace(outcome=np.array([0, Outcome.not_converged], np.int32))
    refined = refine(samples.decay, RUNGS, rungs)
    assert [r.outcome for r in refined] == [Outcome.ok, Outcome.not_converged]
    assert refined[1].readings["remaining"].outcome == "not_converged"


def test_not_a_number_on_any_rung_is_no_result(samples: ModuleType):
    rungs = ladder(samples.decay)
    rungs[1].value["observables"]["lost"][1] = np.nan
    refined = refine(samples.decay, RUNGS, rungs)
    assert [r.outcome for r in refined] == [Outcome.ok, Outcome.non_finite]
    assert refined[1].details["ladder"]["lost"]["values"][1] is None


def test_what_a_solver_left_over_is_an_error_bar_and_hides_no_order(samples: ModuleType):
    """The differences of the ladder are 2e-2; with a solver error of 1 no order can be told."""
    rungs = ladder(samples.decay, order=0.5, solver={"remaining": 1.0}, sampling={"lost": 0.25})
    refined = refine(samples.decay, RUNGS, rungs)[0]
    assert refined.readings["remaining"].outcome == "ok"
    assert refined.readings["remaining"].estimate.solver == 1.0
    assert refined.readings["remaining"].estimate.sampling == 0.0
    assert refined.readings["lost"].estimate.sampling == 0.25


def test_without_a_ladder_there_is_no_discretisation_error(samples: ModuleType):
    solved = solution({"root": [1, 2], "inverse": [3, 4]}, solver={"inverse": np.array([0.1, 0.2])})
    refined = refine(samples.fragile, (None,), [solved])
    assert refined[1].readings["inverse"].value == 4
    assert refined[1].readings["inverse"].estimate.solver == 0.2
    assert refined[1].readings["inverse"].estimate.discretisation == 0
    assert refined[1].details["rungs"] == []


def test_fields_are_those_of_the_finest_rung(samples: ModuleType):
    rungs = ladder(samples.decay)
    rungs[-1].value["fields"] = {"amount": np.arange(6.0).reshape(2, 3)}
    assert refine(samples.decay, RUNGS, rungs)[1].fields["amount"].tolist() == [3, 4, 5]
