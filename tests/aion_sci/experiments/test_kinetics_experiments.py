"""The experiments of kinetics keep the contract and agree with Cantera."""

from __future__ import annotations

import pytest

from aion_sci.errors import RequestError
from aion_sci.execution import LocalExecutor
from aion_sci.runs.runner import run_study
from aion_sci.runs.study import Study
from aion_sci.testing import ExperimentContract


class TestStiffProblem(ExperimentContract):
    id = "kinetics.stiff_problem"
    points = ({"name": "rober", "time": 40.0}, {"name": "rober", "time": 1e11})

    @pytest.mark.slow
    def test_references_are_met(self, tmp_path):
        super().test_references_are_met(tmp_path)


class TestIgnition(ExperimentContract):
    id = "kinetics.ignition"
    points = ({"temperature": 1000.0}, {"temperature": 1200.0, "pressure": 1e6})
    # The referee steps where it likes; its parabola through three of them is good to 1e-4.
    referee_tolerance = 1e-4


class TestFlameTemperature(ExperimentContract):
    id = "kinetics.flame_temperature"
    points = ({}, {"equivalence_ratio": 0.5, "pressure": 1e6})
    # Both minimise the same Gibbs energy to round-off.
    referee_tolerance = 1e-9


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"fuel": "XX:1"}, "XX"),
        ({"fuel": "N2:1"}, "oxygen"),
        ({"mechanism": "nothing.yaml"}, "nothing.yaml"),
    ],
)
def test_a_request_that_cannot_start_is_refused(request_, told, tmp_path):
    study = Study.explicit("kinetics.ignition", [request_])
    with pytest.raises(RequestError, match=told):
        run_study(study, tmp_path, LocalExecutor())


def test_a_mixture_that_does_not_ignite_is_unresolved(tmp_path):
    """Hydrogen at 500 K waits longer than the ten seconds that are looked at."""
    study = Study.explicit("kinetics.ignition", [{"temperature": 500.0}])
    (record,) = run_study(study, tmp_path, LocalExecutor())
    assert not record.ok
