"""Does a small wave on laminar channel flow grow, and how fast does it travel?

Flow between two walls, driven by pressure, has the profile U = 1 − y². A wave with the
streamfunction φ(y) exp(i α (x − c t)) on top of it obeys (D = d/dy, φ = φ′ = 0 on y = ±1)

    (D² − α²)² φ / (i α Re) = (U − c) (D² − α²) φ − U″ φ

Parameters  reynolds Re = U_c h/ν with the speed U_c on the centre line and half the height h;
            alpha, the wavenumber along the flow in 1/h.
Observables c_real: phase speed of the least stable wave, in U_c; c_imag: positive where the wave
            grows, as exp(α c_imag t) with t in h/U_c.
Expect      all waves decay below Re = 5772.22; above it those near α = 1.02 grow, slowly: this
            instability needs viscosity.
Fails       as `unresolved` when the polynomials do not resolve the critical layer, of thickness
            (α Re)^(−1/3). Where two waves change places as the least stable (they do at small
            α Re), c jumps to the other one and has no gradient.
Good start  reynolds 1e4, alpha 1, resolution 128.
Reference   Orszag 1971, doi 10.1017/S0022112071002842.
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

__all__ = ["orr_sommerfeld"]

_SOURCE = "Orszag 1971, doi 10.1017/S0022112071002842"
_ORSZAG = {"c_real": 0.23752649, "c_imag": 0.00373967}


@experiment(
    id="cfd.orr_sommerfeld",
    parameters=[
        Parameter("reynolds", "1", "Reynolds number", 10.0, 1e6, 1e4, scale="log"),
        Parameter("alpha", "1", "wavenumber along the flow, in 1/h", 0.05, 10.0, 1.0, scale="log"),
    ],
    observables=[
        Observable("c_real", "1", "phase speed of the least stable wave, in U_c"),
        Observable("c_imag", "1", "growth rate of that wave over α, in U_c"),
    ],
    references=[
        # Published to eight decimals: half a unit of the last one is 1.4e-6 of c_imag.
        Reference({"reynolds": 1e4, "alpha": 1.0}, name, value, 2e-6, _SOURCE)
        for name, value in _ORSZAG.items()
    ],
    fidelity=Ladder(
        "resolution",
        default=128,
        low=32,
        high=512,
        order=None,
        multiple=4,
        description="polynomials across the channel in the finest expansion",
    ),
    cost=lambda settings: 0.03 * (float(settings["resolution"]) / 128) ** 3,
)
def orr_sommerfeld(reynolds, alpha, *, resolution):
    """One wave in one expansion."""
    import jax.numpy as jnp

    from aion_kernels.cfd.normal_modes import orr_sommerfeld

    solution = orr_sommerfeld(jnp.asarray(reynolds), jnp.asarray(alpha), modes=resolution)
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver=dict.fromkeys(solution.value, solution.stats["error"]),
    )
