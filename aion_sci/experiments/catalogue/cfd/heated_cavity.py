"""How much heat does a fluid carry across a square cavity with one hot and one cold side wall?

Air (or any Boussinesq fluid) fills a closed square. The left wall is hot, the right wall cold,
floor and ceiling pass no heat, and gravity points down. Warm fluid rises along the hot wall and
sinks along the cold one. In the scaling of de Vahl Davis (lengths in L, velocities in α/L):

    ∇·(u u) = −∇p + Pr ∇²u + Ra Pr T ŷ,   ∇·u = 0,   ∇·(u T) = ∇²T

Parameters  rayleigh Ra = g β ΔT L³/(ν α), the drive; prandtl Pr = ν/α (air 0.71, water 7).
Observables nusselt: mean heat flux over that of conduction alone; u_max: largest horizontal
            velocity on the vertical middle line; v_max: largest vertical velocity on the
            horizontal middle line.
Expect      Nu → 1 below Ra = 1e3, then a power law Nu ≈ 0.14 Ra^0.30.
Fails       when the boundary layers (thickness Ra^(−1/4)) hold fewer than about four cells: the
            ladder of grids then shows the wrong order and the run ends as `unresolved`.
Good start  rayleigh 1e4, prandtl 0.71, resolution 64.
Reference   de Vahl Davis 1983, doi 10.1002/fld.1650030305.
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

__all__ = ["heated_cavity"]

_SOURCE = "de Vahl Davis 1983, doi 10.1002/fld.1650030305"
_PUBLISHED = {
    1e3: {"nusselt": 1.118, "u_max": 3.649, "v_max": 3.697},
    1e4: {"nusselt": 2.243, "u_max": 16.178, "v_max": 19.617},
    1e5: {"nusselt": 4.519, "u_max": 34.73, "v_max": 68.59},
}
_GRID = ("x", "y")


@experiment(
    id="cfd.heated_cavity",
    parameters=[
        Parameter("rayleigh", "1", "Rayleigh number", 1e2, 2e6, 1e4, scale="log"),
        Parameter("prandtl", "1", "Prandtl number", 0.1, 100.0, 0.71, scale="log"),
    ],
    observables=[
        Observable("nusselt", "1", "mean heat flux over that of conduction"),
        Observable("u_max", "1", "largest horizontal velocity on x = 1/2, in α/L"),
        Observable("v_max", "1", "largest vertical velocity on y = 1/2, in α/L"),
    ],
    fields=[
        Field("x", ("x",), "1", "horizontal position of the cell centres, in L"),
        Field("y", ("y",), "1", "height of the cell centres, in L"),
        Field("u", _GRID, "1", "horizontal velocity, in α/L"),
        Field("v", _GRID, "1", "vertical velocity, in α/L"),
        Field("temperature", _GRID, "1", "0 at the cold wall, 1 at the hot one"),
        Field("pressure", _GRID, "1", "per unit of density, zero mean, in (α/L)²"),
    ],
    references=[
        # The published tables are themselves good to a few tenths of a percent.
        Reference({"rayleigh": rayleigh, "prandtl": 0.71}, name, value, 0.005, _SOURCE)
        for rayleigh, values in _PUBLISHED.items()
        for name, value in values.items()
    ],
    fidelity=Ladder("resolution", default=64, low=16, high=256, order=2.0),
    cost=lambda settings: 0.15 * (float(settings["resolution"]) / 64) ** 3,
)
def heated_cavity(rayleigh, prandtl, *, resolution):
    """One cavity on one grid."""
    from aion_kernels.cfd.cavities import heated_cavity

    solution = heated_cavity(rayleigh, prandtl, cells=resolution)
    values = {name: solution.value[name] for name in ("nusselt", "u_max", "v_max")}
    # Over the box, observables move by a few times the relative residual; 100 leaves a margin.
    leftover = 100 * solution.stats["residual"]
    return Measured(
        observables=values,
        fields=solution.value["fields"],
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in values.items()},
    )
