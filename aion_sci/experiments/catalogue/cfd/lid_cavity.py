"""What flow does a sliding lid drive in a square cavity?

A viscous fluid fills a closed square. The lid slides at unit speed and drags the fluid along; the
other walls stand still. With lengths in the side and velocities in the speed of the lid:

    ∇·(u u) = −∇p + ∇²u / Re,   ∇·u = 0

Parameters  reynolds Re = U L/ν, inertia over friction.
Observables u_min: smallest horizontal velocity on the vertical middle line; v_max and v_min:
            extreme vertical velocities on the horizontal middle line; psi_min: streamfunction in
            the centre of the main vortex (u = ∂ψ/∂y, zero on the walls).
Expect      one vortex whose centre moves from under the lid to the middle, eddies in the corners.
Fails       where the boundary layers are too thin for the grid: the ladder of grids then shows the
            wrong order and the run ends as `unresolved`; beyond Re ≈ 8000 no steady flow is stable.
Good start  reynolds 100, resolution 64.
Reference   Botella & Peyret 1998, doi 10.1016/S0045-7930(98)00002-4;
            Ghia, Ghia & Shin 1982, doi 10.1016/0021-9991(82)90058-4.
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

__all__ = ["lid_cavity"]

_SPECTRAL = "Botella & Peyret 1998, doi 10.1016/S0045-7930(98)00002-4"
_PUBLISHED = {"u_min": -0.3885698, "v_max": 0.3769447, "v_min": -0.5270771, "psi_min": -0.1189366}
_GRID = ("x", "y")


@experiment(
    id="cfd.lid_cavity",
    parameters=[Parameter("reynolds", "1", "Reynolds number", 1.0, 2000.0, 100.0, scale="log")],
    observables=[
        Observable("u_min", "1", "smallest horizontal velocity on x = 1/2, in the lid's speed"),
        Observable("v_max", "1", "largest vertical velocity on y = 1/2, in the lid's speed"),
        Observable("v_min", "1", "smallest vertical velocity on y = 1/2, in the lid's speed"),
        Observable("psi_min", "1", "smallest value of the streamfunction, in the lid's U L"),
    ],
    fields=[
        Field("x", ("x",), "1", "horizontal position of the cell centres, in L"),
        Field("y", ("y",), "1", "height of the cell centres, in L"),
        Field("u", _GRID, "1", "horizontal velocity, in the lid's speed"),
        Field("v", _GRID, "1", "vertical velocity, in the lid's speed"),
        Field("pressure", _GRID, "1", "per unit of density, zero mean, in the lid's speed squared"),
        Field("streamfunction", _GRID, "1", "zero on the walls, in the lid's U L"),
    ],
    references=[
        # Spectral values, exact to the digits given; the tolerance is the target of the scheme.
        Reference({"reynolds": 1000.0}, name, value, 0.001, _SPECTRAL)
        for name, value in _PUBLISHED.items()
    ],
    fidelity=Ladder("resolution", default=64, low=16, high=256, order=2.0),
    cost=lambda settings: 0.5 * (float(settings["resolution"]) / 64) ** 3,
)
def lid_cavity(reynolds, *, resolution):
    """One cavity on one grid."""
    from aion_kernels.cfd.cavities import lid_cavity

    solution = lid_cavity(reynolds, cells=resolution)
    values = {name: solution.value[name] for name in ("u_min", "v_max", "v_min", "psi_min")}
    # Over the box, observables move by a few times the relative residual; 100 leaves a margin.
    leftover = 100 * solution.stats["residual"]
    return Measured(
        observables=values,
        fields=solution.value["fields"],
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in values.items()},
    )
