"""How does a large vortex in a periodic cube break down, and how fast does it dissipate?

With the side 2π, ν = 1/Re, and from u = sin x cos y cos z, v = −cos x sin y cos z, w = 0:

    ∂u/∂t + u·∇u = −∇p + ∇²u / Re,   ∇·u = 0

Vortex sheets stretch and roll up, ever smaller eddies appear, and dissipation rises to a peak.

Parameters  reynolds Re = U/(k ν) for the speed U and the wave number k of the vortex; final_time.
Observables dissipation_peak: largest dissipation up to final_time; time_of_peak: when;
            energy_final: kinetic energy at final_time, 1/8 at the start.
Expect      d(energy)/dt = −dissipation; the peak at t ≈ 4.9 for Re = 100 and t ≈ 9 from Re = 800
            on. A peak that lies beyond final_time is not seen: time_of_peak is then final_time.
Fails       where the smallest eddies are finer than the grid, resolution below about
            0.9 Re^(3/4) + 16: the grids of the ladder then disagree and the error bar says how
            much.
Good start  reynolds 100, final_time 5, resolution 48.
Reference   Brachet et al. 1983, doi 10.1017/S0022112083001159; Re = 100: independent spectral
            solutions on 48³ and 64³ points that agree to the digits given.
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

__all__ = ["taylor_green_3d"]

_SPECTRAL = "independent spectral solutions on 48³ and 64³ points"
_KNOWN = {"dissipation_peak": 0.012975, "time_of_peak": 4.887, "energy_final": 0.073963}
_TIME = ("time",)


@experiment(
    id="cfd.taylor_green_3d",
    parameters=[
        Parameter("reynolds", "1", "Reynolds number", 1.0, 1600.0, 100.0, scale="log"),
        Parameter("final_time", "1", "length of the simulation, in 1/(U k)", 0.1, 10.0, 5.0),
    ],
    observables=[
        Observable("dissipation_peak", "1", "largest dissipation up to final_time, in U³ k"),
        Observable("time_of_peak", "1", "when dissipation is largest, in 1/(U k)"),
        Observable("energy_final", "1", "mean kinetic energy at final_time, in U²"),
    ],
    fields=[
        Field("time", _TIME, "1", "time of each step, in 1/(U k)"),
        Field("energy", _TIME, "1", "mean kinetic energy, in U²"),
        Field("dissipation", _TIME, "1", "mean dissipation, in U³ k"),
    ],
    references=[
        Reference({"reynolds": 100.0, "final_time": 5.0}, name, value, 0.001, _SPECTRAL)
        for name, value in _KNOWN.items()
    ],
    fidelity=Ladder(
        "resolution",
        default=48,
        low=16,
        high=256,
        order=None,
        multiple=4,
        description="points along each axis of the finest grid",
    ),
    cost=lambda settings: 8.0 * (settings["resolution"] / 48) ** 4,
)
def taylor_green_3d(reynolds, final_time, *, resolution):
    """One breakdown on one grid."""
    from aion_kernels.cfd.spectral.flows import taylor_green_3d

    solution = taylor_green_3d(reynolds, final_time, points=resolution)
    return Measured(
        observables={name: solution.value[name] for name in _KNOWN},
        fields=solution.value["fields"],
        outcome=solution.outcome,
    )
