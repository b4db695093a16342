"""How much does pressure from above stress a thick plate at the end of an elliptic hole?

NAFEMS' benchmark LE10: a plate 0.6 m thick between the ellipses (x/2)² + y² = 1 and
(x/3.25)² + (y/2.75)² = 1 (metres) carries a pressure on its upper face. Its outer face cannot move
sideways, and the middle line of that face cannot sink. A quarter is computed:

    ∇·σ = 0,   σ = λ tr(ε) I + 2μ ε,   λ = E ν/((1 + ν)(1 − 2ν)),   μ = E/2(1 + ν)

Parameters  young_modulus E, poisson_ratio ν, pressure on the upper face.
Observables sigma_yy_d: the stress σ_yy at D = (2, 0), on the upper face.
Expect      −5.38 MPa for 1 MPa; proportional to the pressure, independent of E.
Fails       on coarse meshes only by its error. A stress at a corner of cells beside a support along
            a line converges at no clear order: the ladder states none.
Good start  the defaults.
Reference   NAFEMS, The Standard NAFEMS Benchmarks, 1990, LE10: −5.38 MPa.
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

__all__ = ["thick_plate"]

_NAFEMS = "NAFEMS, The Standard NAFEMS Benchmarks, 1990, LE10"


@experiment(
    id="fem.thick_plate",
    parameters=[
        Parameter("young_modulus", "GPa", "E, stiffness", 1e-3, 1e4, 210.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν, transverse contraction", 0.0, 0.45, 0.3),
        Parameter("pressure", "MPa", "on the upper face, downward", -1e3, 1e3, 1.0),
    ],
    observables=[Observable("sigma_yy_d", "MPa", "stress in y at (2 m, 0) on the upper face")],
    references=[Reference({}, "sigma_yy_d", -5.38, 0.005, _NAFEMS)],
    fidelity=Ladder(
        "resolution",
        default=8,
        low=8,
        high=16,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=2,
        description="quadratic cells around and outward, half as many through the thickness",
    ),
    cost=lambda settings: 6.0 * (float(settings["resolution"]) / 8) ** 5,
)
def thick_plate(young_modulus, poisson_ratio, pressure, *, resolution):
    """One quarter of a plate on one mesh."""
    from aion_kernels.fem.thick_solids import thick_plate

    in_megapascal = 1e3 * young_modulus
    solution = thick_plate(in_megapascal, poisson_ratio, pressure, cells=resolution)
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
