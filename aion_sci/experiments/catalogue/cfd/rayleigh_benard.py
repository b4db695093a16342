"""Does a layer of fluid heated from below start to move, and how fast?

A layer between two horizontal plates is at rest and conducts heat upwards. A convection roll of
wavenumber a on top of it changes as exp(s t). In units of the depth d and of d²/κ (D = d/dz):

    (s/Pr) (D² − a²) w = (D² − a²)² w − Ra a² θ,   s θ = (D² − a²) θ + w

with w = θ = 0 on both plates, and Dw = 0 where they are rigid or D²w = 0 where they are free.

Parameters  rayleigh Ra = g β ΔT d³/(ν κ); prandtl Pr = ν/κ; wavenumber a along the layer in 1/d;
            plates: rigid, or free of stress.
Observables growth_rate: s of the fastest roll of this wavenumber, in κ/d²; critical_rayleigh: the
            Rayleigh number at which a roll of this wavenumber neither grows nor decays. It depends
            on neither rayleigh nor prandtl.
Expect      growth above the critical Rayleigh number, decay below it. Over all wavenumbers it is
            least at a = 3.117 between rigid plates, the default, where it is the critical Rayleigh
            number of the layer, 1707.762; between free ones at a = π/√2 with 27π⁴/4.
Fails       as `unresolved` when the polynomials do not resolve the layers that form at very large
            Ra or a. Linear: how strong the convection becomes is not asked.
Good start  rayleigh 2000, prandtl 0.71, wavenumber 3.117, resolution 48.
Reference   Chandrasekhar 1961, Hydrodynamic and Hydromagnetic Stability, chapter II; Reid & Harris
            1958, doi 10.1063/1.1705871; free plates exact (Rayleigh 1916).
"""

from __future__ import annotations

import math

from aion_sci.experiments.contract import (
    Ladder,
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["rayleigh_benard"]

_RIGID = "Reid & Harris 1958, doi 10.1063/1.1705871"
_FREE = "exact, 27π⁴/4, Rayleigh 1916"
_FREE_WAVE = {"plates": "free", "wavenumber": math.pi / math.sqrt(2)}


@experiment(
    id="cfd.rayleigh_benard",
    parameters=[
        Parameter("rayleigh", "1", "Rayleigh number", 1.0, 1e8, 2e3, scale="log"),
        Parameter("prandtl", "1", "Prandtl number", 1e-3, 1e3, 0.71, scale="log"),
        Parameter("wavenumber", "1", "along the layer, in 1/d", 0.1, 50.0, 3.117, scale="log"),
        Parameter(
            "plates",
            "1",
            "rigid, or free of stress",
            default="rigid",
            kind="choice",
            choices=("rigid", "free"),
        ),
    ],
    observables=[
        Observable("growth_rate", "1", "growth rate of the fastest roll, in κ/d²"),
        Observable(
            "critical_rayleigh", "1", "Rayleigh number where a roll of this wave is neutral"
        ),
    ],
    references=[
        Reference({}, "critical_rayleigh", 1707.762, 1e-6, _RIGID),
        Reference(_FREE_WAVE, "critical_rayleigh", 27 * math.pi**4 / 4, 1e-10, _FREE),
    ],
    fidelity=Ladder(
        "resolution",
        default=48,
        low=16,
        high=256,
        order=None,
        multiple=4,
        description="polynomials across the layer in the finest expansion",
    ),
    cost=lambda settings: 0.02 * (float(settings["resolution"]) / 48) ** 3,
)
def rayleigh_benard(rayleigh, prandtl, wavenumber, *, plates, resolution):
    """One roll in one expansion."""
    import jax.numpy as jnp

    from aion_kernels.cfd.normal_modes import rayleigh_benard

    solution = rayleigh_benard(
        *map(jnp.asarray, (rayleigh, prandtl, wavenumber)), modes=resolution, plates=plates
    )
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: solution.stats[f"{name}_error"] for name in solution.value},
    )
