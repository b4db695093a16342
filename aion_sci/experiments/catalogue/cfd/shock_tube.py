"""What runs through a tube when the membrane between two gases bursts?

A tube of length 1, open at both ends, holds two states of one ideal gas, parted at x = 1/2. At
t = 0 the membrane is gone. With E = p/(γ − 1) + ρu²/2:

    ∂ρ/∂t + ∂(ρu)/∂x = 0,   ∂(ρu)/∂t + ∂(ρu² + p)/∂x = 0,   ∂E/∂t + ∂((E + p)u)/∂x = 0

Parameters  density, velocity and pressure on both sides; gamma, the ratio of specific heats; time
            at which the tube is looked at. Any consistent units, with the tube as unit of length.
Observables p_star and u_star: pressure and velocity between the two outer waves; density_left_star
            and density_right_star: density left and right of the contact between the gases;
            shock_position: where the outer wave towards the lower pressure is (where that is a fan
            and no shock, the place that divides its mass); l1_error: ∫|ρ − exact| dx over the tube.
            All but the last are read off the simulated gas; the exact solution tells where to look.
Expect      a shock into the lower pressure, a contact behind it, a fan into the higher pressure.
            l1_error falls at first order; the other errors are far smaller than that.
Fails       as `unresolved` when a wave comes to an end of the tube within `time`, when the waves
            have not parted by twelve cells yet, or when the gases part and leave a vacuum.
Good start  the defaults: Sod's problem at t = 0.2, resolution 400.
Reference   exact Riemann solution, Toro 2009, doi 10.1007/b79761; Sod 1978,
            doi 10.1016/0021-9991(78)90023-2.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["shock_tube"]

_EXACT = "exact Riemann solution, Toro 2009, doi 10.1007/b79761"
_SOD = {
    "p_star": 0.30313018,
    "u_star": 0.92745262,
    "density_left_star": 0.42631943,
    "density_right_star": 0.26557371,
    "shock_position": 0.85043115,
}
_LINE = ("x",)


@experiment(
    id="cfd.shock_tube",
    parameters=[
        Parameter("density_left", "1", "density left of x = 1/2", 1e-3, 1e3, 1.0, scale="log"),
        Parameter("velocity_left", "1", "velocity left of x = 1/2", -50.0, 50.0, 0.0),
        Parameter("pressure_left", "1", "pressure left of x = 1/2", 1e-4, 1e4, 1.0, scale="log"),
        Parameter("density_right", "1", "density right of x = 1/2", 1e-3, 1e3, 0.125, scale="log"),
        Parameter("velocity_right", "1", "velocity right of x = 1/2", -50.0, 50.0, 0.0),
        Parameter("pressure_right", "1", "pressure right of x = 1/2", 1e-4, 1e4, 0.1, scale="log"),
        Parameter("gamma", "1", "ratio of specific heats", 1.05, 3.0, 1.4),
        Parameter("time", "1", "time since the membrane burst", 1e-4, 10.0, 0.2, scale="log"),
    ],
    observables=[
        Observable("p_star", "1", "pressure between the outer waves"),
        Observable("u_star", "1", "velocity between the outer waves"),
        Observable("density_left_star", "1", "density between the left wave and the contact"),
        Observable("density_right_star", "1", "density between the contact and the right wave"),
        Observable("shock_position", "1", "place of the wave towards the lower pressure"),
        Observable("l1_error", "1", "integral of |density − exact density| over the tube"),
    ],
    fields=[
        Field("x", _LINE, "1", "position of the cell centres"),
        Field("density", _LINE, "1", "simulated density"),
        Field("velocity", _LINE, "1", "simulated velocity"),
        Field("pressure", _LINE, "1", "simulated pressure"),
        Field("exact_density", _LINE, "1", "density of the exact solution"),
    ],
    references=[Reference({}, name, value, 0.005, _EXACT) for name, value in _SOD.items()],
    # Plateaux converge faster than any single order and the rest at first order, so the ladder
    # states none: its bar is the last difference, and what is read off too coarsely adds its own.
    fidelity=Ladder("resolution", default=400, low=160, high=4096, order=None, multiple=4),
    cost=lambda settings: 1.0 * (settings["resolution"] / 400) ** 2,
)
def shock_tube(
    density_left,
    velocity_left,
    pressure_left,
    density_right,
    velocity_right,
    pressure_right,
    gamma,
    time,
    *,
    resolution,
):
    """One tube on one grid."""
    import jax.numpy as jnp

    from aion_kernels.cfd.compressible.shock_tube import shock_tube

    left = jnp.stack([density_left, velocity_left, pressure_left])
    right = jnp.stack([density_right, velocity_right, pressure_right])
    gamma, time = jnp.asarray(gamma), jnp.asarray(time)
    solution = shock_tube(left, right, gamma, time, cells=resolution)
    values, spread, fields = solution.value
    # A shock needs a few steps to form, and is off by a sixth of a cell for ever after.
    late = 0.25 / resolution
    # The error is of first order: what the ladder has seen is a third of what is to come.
    return Measured(
        observables=values,
        fields=fields,
        outcome=solution.outcome,
        solver=spread
        | {
            "shock_position": spread["shock_position"] + late,
            "l1_error": 0.5 * values["l1_error"],
        },
    )
