"""How much does an elliptic hole raise the stress in a plate that is pulled outward?

NAFEMS' benchmark LE1: a plate 0.1 m thick between the ellipses (x/2)² + y² = 1 and
(x/3.25)² + (y/2.75)² = 1 (metres) carries an outward pressure on its outer edge. A quarter is
computed, with symmetry on both axes. Plane stress:

    ∇·σ = 0,   σ = λ* tr(ε) I + 2μ ε,   λ* = E ν/(1 − ν²),   μ = E/2(1 + ν)

Parameters  young_modulus E, poisson_ratio ν, pressure on the outer edge.
Observables sigma_yy_d: the stress σ_yy at D = (2, 0), the end of the hole's long axis.
Expect      92.7 MPa for 10 MPa; proportional to the pressure, independent of E.
Fails       on coarse meshes only by its error: stress at a corner of cells converges slowly (order
            between 1 and 2), so the ladder states no order and its bar is the last difference.
Good start  the defaults.
Reference   NAFEMS, The Standard NAFEMS Benchmarks, 1990, LE1: 92.7 MPa.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Ladder,
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["elliptic_membrane"]

_NAFEMS = "NAFEMS, The Standard NAFEMS Benchmarks, 1990, LE1"


@experiment(
    id="fem.elliptic_membrane",
    parameters=[
        Parameter("young_modulus", "GPa", "E, stiffness", 1e-3, 1e4, 210.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν, transverse contraction", 0.0, 0.49, 0.3),
        Parameter("pressure", "MPa", "pull on the outer edge, outward", -1e3, 1e3, 10.0),
    ],
    observables=[Observable("sigma_yy_d", "MPa", "stress in y at (2 m, 0)")],
    references=[Reference({}, "sigma_yy_d", 92.7, 0.005, _NAFEMS)],
    fidelity=Ladder(
        "resolution",
        default=32,
        low=8,
        high=128,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=4,
        description="cells along each edge of the finest mesh",
    ),
    cost=lambda settings: 1.5 + 0.5 * (float(settings["resolution"]) / 32) ** 2.5,
)
def elliptic_membrane(young_modulus, poisson_ratio, pressure, *, resolution):
    """One quarter of a plate on one mesh."""
    from aion_kernels.fem.membranes import elliptic_membrane

    in_megapascal = 1e3 * young_modulus
    solution = elliptic_membrane(in_megapascal, poisson_ratio, pressure, cells=resolution)
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
