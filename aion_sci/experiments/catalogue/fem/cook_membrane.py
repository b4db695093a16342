"""How far does Cook's skew panel bend under a shear force at its tip?

A panel with the corners (0, 0) (48, 44) (48, 60) (0, 44) and unit thickness is clamped at x = 0; a
unit force, spread over the edge x = 48, pulls that edge up. Plane stress:

    ∇·σ = 0,   σ = λ* tr(ε) I + 2μ ε,   λ* = E ν/(1 − ν²),   μ = E/2(1 + ν)

Parameters  young_modulus E and poisson_ratio ν in any consistent units; degree of the elements.
Observables tip_displacement: upward, at (48, 52), the middle of the loaded edge.
Expect      23.965 for E = 1, ν = 1/3; proportional to 1/E. Linear elements are too stiff: the
            panel bends, which they cannot without shearing.
Fails       as too coarse where linear elements meet ν near 1/2; the error bar shows it. The clamped
            corner (0, 44) is singular, so that every degree converges at an order between 1 and
            1.5: the ladder states none; its bar is the last difference, which covers order 1.
Good start  the defaults: quadratic elements, resolution 32.
Reference   Cook, Malkus, Plesha & Witt 2002, section 6.13; limit 23.968 by refinement. The corner
            (48, 60), sometimes quoted with the same number, tends to 25.19.
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

__all__ = ["cook_membrane"]

_COOK = "Cook et al. 2002, section 6.13, by refinement with quadratic elements"


def _by_dolfinx(young_modulus, poisson_ratio, degree, *, resolution):
    """Every member assembled by DOLFINx."""
    from aion_kernels.fem.membranes import cook_membrane_by_dolfinx

    rows = [
        cook_membrane_by_dolfinx(float(e), float(v), cells=resolution, degree=int(degree))
        for e, v in zip(young_modulus, poisson_ratio, strict=True)
    ]
    return Measured({"tip_displacement": [row["tip_displacement"] for row in rows]})


@experiment(
    id="fem.cook_membrane",
    parameters=[
        Parameter("young_modulus", "1", "E, stiffness", 1e-3, 1e12, 1.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν, transverse contraction", 0.0, 0.49, 1 / 3),
        Parameter(
            "degree",
            "1",
            "polynomial degree of the elements",
            default="2",
            kind="choice",
            choices=("1", "2", "3", "4"),
        ),
    ],
    observables=[Observable("tip_displacement", "1", "upward, at (48, 52)")],
    references=[Reference({}, "tip_displacement", 23.965, 5e-4, _COOK)],
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
    referee=Referee("DOLFINx", _by_dolfinx),
    cost=lambda settings: 1.5 + 0.5 * (float(settings["resolution"]) / 32) ** 2.5,
)
def cook_membrane(young_modulus, poisson_ratio, degree, *, resolution):
    """One panel on one mesh."""
    from aion_kernels.fem.membranes import cook_membrane

    solution = cook_membrane(young_modulus, poisson_ratio, cells=resolution, degree=int(degree))
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
