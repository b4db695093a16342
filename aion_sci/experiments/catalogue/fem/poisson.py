"""How high does a membrane rise that is held at the edge of a square and loaded evenly?

    −∇·(κ ∇u) = f in the unit square,   u = 0 on its boundary

stands for a loaded membrane, heat made in a cooled plate, or a field around charge.

Parameters  diffusivity κ; source f.
Observables mean: ∫ u dx over the square; energy: ½ ∫ κ |∇u|² dx.
Expect      mean = 0.03514426 f/κ and energy = f/2 times mean, whatever the numbers. Quadratic
            triangles: both converge at order 4.
Fails       nowhere in the box; a singular system would end as `non_finite`.
Good start  the defaults.
Reference   series of the exact solution, Timoshenko & Goodier 1970, section 109 (torsion of a
            square bar: mean = 0.1405770/4); the same UFL form assembled by DOLFINx.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Ladder,
    Measured,
    Observable,
    Parameter,
    Referee,
    Reference,
    experiment,
)

__all__ = ["poisson"]

_SERIES = "series of the exact solution, Timoshenko & Goodier 1970, section 109"


def _by_dolfinx(diffusivity, source, *, resolution):
    """Every member assembled by DOLFINx."""
    from aion_kernels.fem.poisson import poisson_by_dolfinx

    rows = [
        poisson_by_dolfinx(float(k), float(f), cells=resolution)
        for k, f in zip(diffusivity, source, strict=True)
    ]
    return Measured({name: [row[name] for row in rows] for name in ("mean", "energy")})


@experiment(
    id="fem.poisson",
    parameters=[
        Parameter("diffusivity", "1", "κ, the same everywhere", 1e-3, 1e3, 1.0, scale="log"),
        Parameter("source", "1", "f, the same everywhere", -1e3, 1e3, 1.0),
    ],
    observables=[
        Observable("mean", "1", "integral of u over the unit square"),
        Observable("energy", "1", "half of the integral of κ |∇u|²"),
    ],
    references=[
        Reference({}, "mean", 0.03514425737, 1e-6, _SERIES),
        Reference({}, "energy", 0.01757212869, 1e-6, _SERIES),
    ],
    fidelity=Ladder("resolution", default=32, low=8, high=256, order=4.0),
    referee=Referee("DOLFINx", _by_dolfinx),
    cost=lambda settings: 1.0 + 0.5 * (float(settings["resolution"]) / 32) ** 2,
)
def poisson(diffusivity, source, *, resolution):
    """One square on one mesh."""
    from aion_kernels.fem.poisson import poisson

    solution = poisson(diffusivity, source, cells=resolution)
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
