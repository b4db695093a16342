"""What is the lowest tone of a drum of this shape?

    −Δu = λ u in Ω,   u = 0 on ∂Ω

Parameters  domain: a square, a disk, or an L made of three squares; size: the side of the square or
            of each of the L's squares, the radius of the disk.
Observables eigenvalue_1: the least λ, in units of the inverse square of size's.
Expect      2π² for the square, j₀² = 5.7831860 for the disk, 9.6397238 for the L, all for size 1.
            Order 4 for the square and the disk; 4/3 for the L, whose eigenfunction is singular at
            the reentrant corner. So the ladder states no order: its bar, the last difference,
            covers every order above 1.
Fails       nowhere: coarse meshes only have wide error bars.
Good start  the defaults.
Reference   exact; for the L, Trefethen & Betcke 2006, doi 10.1090/conm/412/07783: 9.63972384402.
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

__all__ = ["laplace_eigenvalue"]

_TREFETHEN = "Trefethen & Betcke 2006, doi 10.1090/conm/412/07783"


@experiment(
    id="fem.laplace_eigenvalue",
    parameters=[
        Parameter(
            "domain",
            "1",
            "shape of the drum",
            default="square",
            kind="choice",
            choices=("square", "disk", "lshape"),
        ),
        Parameter("size", "1", "side or radius", 1e-3, 1e3, 1.0, scale="log"),
    ],
    observables=[Observable("eigenvalue_1", "1", "the least eigenvalue of −Δ")],
    references=[
        Reference({"domain": "square"}, "eigenvalue_1", 19.739208802, 1e-4, "exact, 2π²"),
        Reference({"domain": "disk"}, "eigenvalue_1", 5.783185963, 1e-4, "exact, zero of J₀"),
        Reference({"domain": "lshape"}, "eigenvalue_1", 9.6397238440, 1e-3, _TREFETHEN),
    ],
    fidelity=Ladder(
        "resolution",
        default=32,
        low=8,
        high=128,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=4,
        description="cells along the side or the radius of the finest mesh",
    ),
    cost=lambda settings: 2.0 + 1.0 * (float(settings["resolution"]) / 32) ** 2.5,
)
def laplace_eigenvalue(domain, size, *, resolution):
    """One drum on one mesh."""
    from aion_kernels.fem.membrane_tones import lowest_laplace_eigenvalue

    solution = lowest_laplace_eigenvalue(size, domain=domain, cells=resolution)
    return Measured(
        observables={"eigenvalue_1": solution.value},
        outcome=solution.outcome,
        solver={"eigenvalue_1": solution.value * solution.stats["residual"]},
    )
