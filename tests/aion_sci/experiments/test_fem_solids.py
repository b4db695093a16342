"""`fem.cantilever`, `fem.thick_plate`, `fem.thermal_stress`: contract, references, theory."""

from __future__ import annotations

import numpy as np
import pytest

from aion_sci.execution import LocalExecutor
from aion_sci.runs.runner import run_study
from aion_sci.runs.study import Study
from aion_sci.testing import ExperimentContract


@pytest.mark.slow
class TestCantilever(ExperimentContract):
    id = "fem.cantilever"
    settings = {"resolution": 32}
    points = ({}, {"length": 0.5, "height": 0.08, "young_modulus": 70.0, "load": -20.0})


@pytest.mark.slow
class TestThickPlate(ExperimentContract):
    id = "fem.thick_plate"
    points = ({},)


@pytest.mark.slow
class TestThermalStress(ExperimentContract):
    id = "fem.thermal_stress"
    points = ({}, {"poisson_ratio": 0.2, "expansion": 1e-5})


def test_a_slender_beam_follows_bernoulli(tmp_path):
    """At L/h = 50 shear adds 3e-4 and the clamp takes some away: 2e-3 covers both."""
    study = Study.explicit(
        "fem.cantilever",
        [{"length": 2.0, "height": 0.04, "width": 0.01, "load": 3.0, "resolution": 32}],
    )
    (record,) = run_study(study, tmp_path, LocalExecutor())
    stiffness = 210e9 * 0.01 * 0.04**3 / 12
    bend = 3.0 * 2.0**3 / (3 * stiffness)
    swing = 1.875104**2 / (2 * np.pi) * np.sqrt(stiffness / (7850 * 0.01 * 0.04 * 2.0**4))
    assert record.observables["tip_displacement"].value == pytest.approx(bend, rel=2e-3)
    assert record.observables["frequency_1"].value == pytest.approx(swing, rel=2e-3)
