"""`cfd.shock_tube`: the contract, Sod's plateaux to 0.5 %, and what it must not answer."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
from aion_sci.execution import LocalExecutor
from aion_sci.experiments import find
from aion_sci.runs.runner import run_study
from aion_sci.runs.study import Study
from aion_sci.testing import ExperimentContract

SOD = {
    "density_left": 1.0,
    "velocity_left": 0.0,
    "pressure_left": 1.0,
    "density_right": 0.125,
    "velocity_right": 0.0,
    "pressure_right": 0.1,
    "gamma": 1.4,
    "time": 0.2,
}
COLLISION = SOD | {"density_right": 1.0, "velocity_left": 1.0, "pressure_right": 0.5, "time": 0.25}


class TestShockTube(ExperimentContract):
    id = "cfd.shock_tube"
    settings = {"resolution": 200}
    points = (SOD, COLLISION)
    # |density − exact| has a kink wherever the two cross; the other observables reach 1e-4.
    gradient_tolerance = 0.05

    @pytest.mark.slow
    def test_gradients_are_those_of_the_differences(self) -> None:
        super().test_gradients_are_those_of_the_differences()


def run(tmp_path, resolution=200, **change):
    request = {**SOD, **change, "resolution": resolution}
    study = Study.explicit("cfd.shock_tube", [request])
    (record,) = run_study(study, tmp_path, LocalExecutor())
    return record


def measure(resolution, **change):
    point = {name: np.float64(value) for name, value in {**SOD, **change}.items()}
    return jax.jit(lambda point: find("cfd.shock_tube")(**point, resolution=resolution))(point)


def test_error_bars_cover_the_exact_solution(tmp_path):
    """Of Sod's problem and of a collision between two shocks."""
    exact = {
        "p_star": 0.30313018,
        "u_star": 0.92745262,
        "density_left_star": 0.42631943,
        "density_right_star": 0.26557371,
        "shock_position": 0.85043115,
    }
    record = run(tmp_path)
    for name, value in exact.items():
        reading = record.observables[name]
        assert abs(reading.value - value) <= reading.error, name
        assert reading.error <= 0.01 * value, f"the bar of {name} says nothing"


def test_the_mirror_image_is_the_mirror_image():
    """Left and right are alike to round-off, which some 200 steps grow to 1e-12."""
    ours = measure(128).observables
    theirs = measure(
        128,
        density_left=0.125,
        pressure_left=0.1,
        density_right=1.0,
        pressure_right=1.0,
    ).observables
    same = {"p_star": 1, "l1_error": 1, "u_star": -1}
    for name, sign in same.items():
        assert abs(ours[name] - sign * theirs[name]) < 1e-11
    assert abs(ours["density_left_star"] - theirs["density_right_star"]) < 1e-11
    assert abs(ours["shock_position"] + theirs["shock_position"] - 1) < 1e-11


def test_the_error_falls_at_first_order():
    """Contacts of WENO schemes converge at 5/6, shocks at one: between 0.8 and 1.2 together."""
    coarse, fine = (float(measure(n).observables["l1_error"]) for n in (128, 256))
    assert 0.8 < np.log2(coarse / fine) < 1.2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"time": 0.4}, "the shock has left the tube"),
        ({"velocity_left": 5.0, "velocity_right": 5.0}, "everything has left the tube"),
        ({"velocity_left": -10.0, "velocity_right": 10.0, "time": 0.03}, "a vacuum opens"),
        ({"time": 0.01}, "the waves have not parted yet"),
        ({"density_right": 1.0, "pressure_right": 1.0, "time": 5.0}, "sound has left the tube"),
    ],
)
def test_what_the_tube_cannot_tell_is_unresolved(change, why):
    assert int(measure(128, **change).outcome) == Outcome.unresolved, why


def test_the_123_problem_stays_positive():
    """Toro's second test: two fans and a near-vacuum; plateaux to a few percent of the outside."""
    found = measure(
        256,
        velocity_left=-2.0,
        velocity_right=2.0,
        density_right=1.0,
        pressure_left=0.4,
        pressure_right=0.4,
        time=0.15,
    )
    assert int(found.outcome) == Outcome.ok
    assert float(np.min(found.fields["density"])) > 0
    assert abs(float(found.observables["p_star"]) - 0.00189387) < 0.01 * 0.4
    assert abs(float(found.observables["density_left_star"]) - 0.02185212) < 0.01
    assert abs(float(found.observables["u_star"])) < 1e-10
