"""How much liquid does a pressure drop drive between two parallel plates?

Laminar flow in a channel of height h, driven by a pressure that falls by G per length. G is
positive in the direction of the flow: G = −∂p/∂x. The incompressible Navier–Stokes equations are
solved on a staggered grid, periodic along the channel:

    ρ ∇·(u u) = −∇p′ + G x̂ + μ ∇²u,   ∇·u = 0,   u = 0 on both plates

Parameters  height h in m; pressure_gradient G in Pa/m; viscosity μ, dynamic, in Pa s. Numbers
            without a unit are read in these; any other consistent set (all without dimension, say)
            gives the flux in its own units.
Observables flux: volume that passes per time and per width of the plates, in m²/s.
Expect      a parabola of velocity, and a flux that grows with the cube of the height.
Fails       as a model where the flow would be turbulent: mean velocity × h × density / μ above
            about 2000. The density does not enter, so no run can tell.
Good start  water in a gap of a millimetre: 1 mm, 100 Pa/m, 1 mPa s, resolution 64.
Reference   exact solution, Poiseuille flow between plates: flux = G h³ / (12 μ) (Batchelor 1967, An
            Introduction to Fluid Dynamics, section 4.2).
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

__all__ = ["poiseuille"]

_SOURCE = "exact, G h³ / (12 μ)"
_UNITS = {"height": 1.0, "pressure_gradient": 1.0, "viscosity": 1.0}
_ACROSS = ("y",)


@experiment(
    id="cfd.poiseuille",
    parameters=[
        Parameter("height", "m", "distance of the plates", 1e-6, 10.0, 1e-3, scale="log"),
        Parameter(
            "pressure_gradient",
            "Pa/m",
            "fall of pressure per length, along the flow",
            1e-3,
            1e5,
            100.0,
            scale="log",
        ),
        Parameter("viscosity", "Pa*s", "dynamic viscosity", 1e-6, 1e3, 1e-3, scale="log"),
    ],
    observables=[Observable("flux", "m^2/s", "volume per time and per width of the plates")],
    fields=[
        Field("y", _ACROSS, "m", "distance of the cell centres from the lower plate"),
        Field("velocity", _ACROSS, "m/s", "along the channel"),
    ],
    references=[
        Reference({}, "flux", 100.0 * 1e-9 / (12 * 1e-3), 1e-8, _SOURCE),
        Reference(
            _UNITS,
            "flux",
            1 / 12,
            1e-8,
            _SOURCE,
        ),
    ],
    fidelity=Ladder("resolution", default=64, low=16, high=256, order=2.0),
    cost=lambda settings: 0.02 * (float(settings["resolution"]) / 64) ** 2,
)
def poiseuille(height, pressure_gradient, viscosity, *, resolution):
    """One channel on one grid."""
    import jax.numpy as jnp

    from aion_kernels.cfd.channel import poiseuille

    solution = poiseuille(
        *map(jnp.asarray, (height, pressure_gradient, viscosity)), cells=resolution
    )
    flux = solution.value["flux"]
    return Measured(
        observables={"flux": flux},
        fields=solution.value["fields"],
        outcome=solution.outcome,
        # The slowest decaying part of a residual is a third of the whole; 10 leaves a margin.
        solver={"flux": 10 * abs(flux) * solution.stats["residual"]},
    )
