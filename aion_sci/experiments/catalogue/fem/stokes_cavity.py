"""How does a very viscous fluid circulate in a box whose lid slides?

    −η ∇²u + ∇p = 0,   ∇·u = 0

in the unit square, at rest on three walls; the lid y = 1 slides towards positive x.

Parameters  viscosity η and lid_speed, in any consistent units with the side as unit of length.
Observables drag: force of the fluid on the wall opposite the lid, along x, for unit depth; psi_min:
            the least value of the stream function, u = ∂ψ/∂y.
Expect      psi_min = −0.10008 for unit speed, at (0.5, 0.765); drag < 0, since the fluid flows back
            along the bottom, and proportional to η.
Fails       nowhere; but the force on the lid itself is infinite, because the velocity jumps at its
            ends, so it is no observable. The ladder states no order for the same reason.
Good start  the defaults.
Reference   Gaskell, Thompson & Savage 1999, doi 10.1243/0954406991522590; psi_min −0.10008 by
            spectral methods, Sahin & Owens 2003, doi 10.1002/fld.442.
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

__all__ = ["stokes_cavity"]

_SAHIN = "Sahin & Owens 2003, doi 10.1002/fld.442, in the limit of slow flow"


@experiment(
    id="fem.stokes_cavity",
    parameters=[
        Parameter("viscosity", "1", "η, dynamic", 1e-6, 1e6, 1.0, scale="log"),
        Parameter("lid_speed", "1", "towards positive x", 1e-6, 1e6, 1.0, scale="log"),
    ],
    observables=[
        Observable("drag", "1", "force on the wall opposite the lid, for unit depth"),
        Observable("psi_min", "1", "least value of the stream function"),
    ],
    references=[Reference({}, "psi_min", -0.10008, 0.001, _SAHIN)],
    fidelity=Ladder(
        "resolution",
        default=32,
        low=8,
        high=96,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=4,
        description="cells along each side of the finest mesh",
    ),
    cost=lambda settings: 5.0 + 1.0 * (float(settings["resolution"]) / 32) ** 2.5,
)
def stokes_cavity(viscosity, lid_speed, *, resolution):
    """One cavity on one mesh."""
    from aion_kernels.fem.stokes import stokes_cavity

    solution = stokes_cavity(viscosity, lid_speed, cells=resolution)
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
