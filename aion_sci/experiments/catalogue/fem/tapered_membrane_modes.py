"""At which frequencies does a tapered plate swing in its own plane?

NAFEMS' benchmark FV32: a plate 10 m long, 5 m high at its clamped root and 1 m at its tip, in plane
stress:

    ∇·σ(u) + ρ ω² u = 0,   f = ω / 2π

Parameters  young_modulus E, poisson_ratio ν, density ρ. Frequencies go as √(E/ρ).
Observables frequency_1 to frequency_6, rising.
Expect      44.62, 130.0, 162.7, 246.0, 379.7 and 391.4 Hz for the defaults, from above.
Fails       nowhere in its box. The ends of the clamped root are singular, so that the ladder states
            no order; its bar is the last difference.
Good start  the defaults.
Reference   NAFEMS, Selected Benchmarks for Natural Frequency Analysis, 1987, FV32.
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

__all__ = ["tapered_membrane_modes"]

_NAFEMS = "NAFEMS, Selected Benchmarks for Natural Frequency Analysis, 1987, FV32"
_PUBLISHED = (44.623, 130.03, 162.70, 246.05, 379.90, 391.44)
_NAMES = [f"frequency_{mode + 1}" for mode in range(len(_PUBLISHED))]


@experiment(
    id="fem.tapered_membrane_modes",
    parameters=[
        Parameter("young_modulus", "GPa", "E, stiffness", 1e-2, 1e4, 200.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν, transverse contraction", 0.0, 0.49, 0.3),
        Parameter("density", "kg/m^3", "ρ", 100.0, 2.5e4, 8000.0),
    ],
    observables=[
        Observable(name, "Hz", f"natural frequency {mode + 1}") for mode, name in enumerate(_NAMES)
    ],
    references=[
        Reference({}, name, value, 0.005, _NAFEMS)
        for name, value in zip(_NAMES, _PUBLISHED, strict=True)
    ],
    fidelity=Ladder(
        "resolution",
        default=16,
        low=8,
        high=64,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=4,
        description="cells along the height of the finest mesh, twice as many along the length",
    ),
    cost=lambda settings: 3.0 + 1.0 * (float(settings["resolution"]) / 16) ** 2.5,
)
def tapered_membrane_modes(young_modulus, poisson_ratio, density, *, resolution):
    """One plate on one mesh."""
    from aion_kernels.fem.modes import tapered_membrane_frequencies

    solution = tapered_membrane_frequencies(
        1e9 * young_modulus, poisson_ratio, density, cells=resolution, count=len(_NAMES)
    )
    found = {name: solution.value[mode] for mode, name in enumerate(_NAMES)}
    # The Rayleigh quotient is off by the square of the residual; the residual itself covers it.
    leftover = solution.stats["residual"]
    return Measured(
        found, outcome=solution.outcome, solver={n: f * leftover for n, f in found.items()}
    )
