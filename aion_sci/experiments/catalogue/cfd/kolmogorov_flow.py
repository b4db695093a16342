"""How much does a fluid dissipate that a sinusoidal force pushes to and fro?

In a periodic square of side L, with lengths in L/2π and times in √(L/2πf) for the amplitude f of
the force:

    ∂u/∂t + u·∇u = −∇p + ∇²u / Re + sin(4y) x̂,   ∇·u = 0

Parameters  reynolds Re = √f (L/2π)^(3/2)/ν.
Observables mean_dissipation: ⟨ω²⟩/Re and energy: ⟨|u|²⟩/2, averaged over the square, 120 units of
            time after 40 of spin-up, and eight histories from random vortices (the seed); each with
            a standard error from the spread of the histories.
Expect      for Re up to about 10 the steady stripes u = Re/16 sin(4y), energy Re²/1024, dissipation
            Re/32; beyond them travelling and oscillating patterns, and chaotic bursts from Re ≈ 20
            to 30 on.
Fails       where the outer fifth of the waves holds more than 3e-3 of the enstrophy: the run ends
            as `unresolved`; 64 points serve to Re ≈ 40, 96 to about 60. At Re ≈ 25 several
            attractors coexist, which the histories share out: the mean is over what they found.
            Derivatives through chaos grow without bound and say nothing about the mean.
Good start  reynolds 40, resolution 64.
Reference   Chandler & Kerswell 2013, doi 10.1017/jfm.2013.122; the stripes are exact.
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

__all__ = ["kolmogorov_flow"]

_EXACT = "the steady stripes, exact while they are stable"


@experiment(
    id="cfd.kolmogorov_flow",
    parameters=[Parameter("reynolds", "1", "Reynolds number", 1.0, 100.0, 40.0, scale="log")],
    observables=[
        Observable("mean_dissipation", "1", "mean dissipation, in √(f³ L/2π)"),
        Observable("energy", "1", "mean kinetic energy, in f L/2π"),
    ],
    fields=[
        Field("time", ("time",), "1", "time since the spin-up, in √(L/2πf)"),
        Field("energy_series", ("time", "history"), "1", "kinetic energy, in f L/2π"),
        Field("dissipation_series", ("time", "history"), "1", "dissipation, in √(f³ L/2π)"),
    ],
    references=[
        # What is left of the random start after the spin-up is below 1e-6 at this Reynolds number.
        Reference({"reynolds": 5.0}, "mean_dissipation", 5 / 32, 1e-6, _EXACT),
        Reference({"reynolds": 5.0}, "energy", 25 / 1024, 1e-6, _EXACT),
    ],
    # Two rungs: samples of chaos on three grids differ by their noise, in no order.
    fidelity=Ladder(
        "resolution",
        default=64,
        low=24,
        high=512,
        order=None,
        fractions=(0.75, 1.0),
        multiple=4,
        description="points along each axis of the finest grid",
    ),
    seeded=True,
    cost=lambda settings: 30.0 * (settings["resolution"] / 64) ** 3,
)
def kolmogorov_flow(reynolds, seed, *, resolution):
    """Eight histories on one grid."""
    from aion_kernels.cfd.spectral.flows import kolmogorov_flow

    solution = kolmogorov_flow(reynolds, seed, points=resolution)
    return Measured(
        observables={name: solution.value[name] for name in ("mean_dissipation", "energy")},
        fields=solution.value["fields"],
        outcome=solution.outcome,
        sampling=solution.value["sampling"],
    )
