"""How hard must one pull at a block of rubber, and how thin does it become?

A unit cube of compressible neo-Hookean material is drawn out along x and free on its sides:

    W = μ/2 (I₁ − 3) − μ ln J + λ/2 (ln J)²,   P = ∂W/∂F,   ∇·P = 0

with λ and μ from E and ν at rest.

Parameters  stretch: length over original length; young_modulus E and poisson_ratio ν at rest.
Observables p11: force over original cross-section; lateral_stretch: width over original width.
Expect      p11 = 93.0774 and 174.9291 for stretch 1.1 and 1.2, E = 1000 and ν = 0.3. The block
            deforms alike everywhere: the finite elements are exact, Newton's tolerance is left.
Fails       as `not_converged` where a step of the load is too long for Newton's method.
Good start  the defaults.
Reference   exact: P₁₁ = μ (s − 1/s) + λ ln J / s with μ (q² − 1) + λ ln(s q²) = 0 for the lateral
            stretch q; Bonet & Wood 2008, doi 10.1017/CBO9780511755446.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["hyperelastic_block"]

_EXACT = "exact for uniaxial stress, Bonet & Wood 2008, doi 10.1017/CBO9780511755446"


@experiment(
    id="fem.hyperelastic_block",
    parameters=[
        Parameter("stretch", "1", "length over original length", 0.3, 5.0, 1.1),
        Parameter("young_modulus", "1", "E at rest", 1e-3, 1e12, 1000.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν at rest", 0.0, 0.49, 0.3),
    ],
    observables=[
        Observable("p11", "1", "force over original cross-section, in the unit of young_modulus"),
        Observable("lateral_stretch", "1", "width over original width"),
    ],
    references=[
        Reference({"stretch": 1.1}, "p11", 93.0774, 1e-5, _EXACT),
        Reference({"stretch": 1.1}, "lateral_stretch", 0.971493, 1e-5, _EXACT),
        Reference({"stretch": 1.2}, "p11", 174.9291, 1e-5, _EXACT),
        Reference({"stretch": 1.2}, "lateral_stretch", 0.945633, 1e-5, _EXACT),
    ],
    cost=lambda settings: 10.0,
)
def hyperelastic_block(stretch, young_modulus, poisson_ratio):
    """One block."""
    from aion_kernels.fem.hyperelastic import stretched_block

    solution = stretched_block(stretch, young_modulus, poisson_ratio)
    # The last step of Newton's method goes on from the residual that it stopped at.
    leftover = solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
