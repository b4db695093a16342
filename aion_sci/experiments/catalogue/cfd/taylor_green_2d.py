"""How fast do four vortices in a periodic square decay?

With the side 2π, the largest speed 1 and ν = 1/Re, the flow

    u = cos x sin y exp(−2νt),   v = −sin x cos y exp(−2νt)

solves the Navier–Stokes equations exactly, since advection is a gradient that pressure balances. It
decays without changing its shape, so it shows whether a solver adds friction of its own.

Parameters  reynolds Re = 1/ν.
Observables decay_rate: the exponential rate at which velocity decays, by the energy after one unit
            of time; exactly 2/Re (that of the energy is twice as much).
Expect      the exact value to round-off: Fourier series hold the vortices exactly, and the time
            steps are exact in viscosity.
Fails       in single precision for large Re, where little of the energy is gone by then.
Good start  reynolds 100, resolution 32.
Reference   Taylor & Green 1937, doi 10.1098/rspa.1937.0036.
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

__all__ = ["taylor_green_2d"]

_EXACT = "exact solution, Taylor & Green 1937, doi 10.1098/rspa.1937.0036"


@experiment(
    id="cfd.taylor_green_2d",
    parameters=[Parameter("reynolds", "1", "Reynolds number", 0.1, 1e4, 100.0, scale="log")],
    observables=[Observable("decay_rate", "1", "rate of decay of velocity, in U k for waves of k")],
    references=[
        # A spectral solver has no excuse but round-off; this is the target of the scheme.
        Reference({"reynolds": reynolds}, "decay_rate", 2 / reynolds, 1e-8, _EXACT)
        for reynolds in (1.0, 100.0, 1000.0)
    ],
    fidelity=Ladder(
        "resolution",
        default=32,
        low=16,
        high=512,
        order=None,
        multiple=4,
        description="points along each axis of the finest grid",
    ),
    cost=lambda settings: 0.02 * (settings["resolution"] / 32) ** 3,
)
def taylor_green_2d(reynolds, *, resolution):
    """One decay on one grid."""
    from aion_kernels.cfd.spectral.flows import taylor_green_2d

    solution = taylor_green_2d(reynolds, points=resolution)
    return Measured(
        observables={"decay_rate": solution.value["decay_rate"]},
        outcome=solution.outcome,
        solver={"decay_rate": solution.value["rounding"]},
    )
