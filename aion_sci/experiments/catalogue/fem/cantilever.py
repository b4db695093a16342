"""How far does a cantilever bend under a load at its tip, and how fast does it swing?

A beam of rectangular section, clamped at one end, carries a force spread over the other. It is
computed as a body in plane stress, which knows shear and the clamped corners as well as bending:

    ∇·σ = ρ ∂²u/∂t²,   σ = λ* tr(ε) I + 2μ ε,   λ* = E ν/(1 − ν²),   μ = E/2(1 + ν)

Parameters  length L, height h, width b; young_modulus E, poisson_ratio ν, density ρ; load F.
Observables tip_displacement: downward, at half height of the loaded end; frequency_1: of the
            slowest free vibration in the plane (the load does not matter).
Expect      slender beams follow F L³/3EI and (1.875104²/2π) √(EI/ρAL⁴), I = b h³/12: at L/h = 10
            the body bends 0.7 % more and swings 0.5 % slower. displacement ∝ F L³/E h³.
Fails       as coarse when L/h is beyond about 100 (the cells become long; the error bar shows it).
            The clamped corners are singular, so that no single order holds: the ladder states none.
Good start  the defaults: a steel bar of 1 m × 0.1 m.
Reference   Timoshenko & Goodier 1970, section 21; Rao, Mechanical Vibrations, table 8.4
            (β₁L = 1.875104); the same UFL forms assembled by DOLFINx.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Ladder,
    Measured,
    Observable,
    Parameter,
    Referee,
    Reference,
    experiment,
)

__all__ = ["cantilever"]

_BEAM = "Euler–Bernoulli beam, Rao, Mechanical Vibrations, table 8.4"
_SLENDER = {"length": 1.0, "height": 0.02}


def _by_dolfinx(length, height, width, young_modulus, poisson_ratio, density, load, *, resolution):
    """Every member assembled by DOLFINx."""
    import numpy as np

    from aion_kernels.fem.beams import cantilever_by_dolfinx

    stiffness = np.asarray(young_modulus) * 1e9
    columns = (length, height, width, stiffness, poisson_ratio, density, load)
    rows = [
        cantilever_by_dolfinx(*map(float, member), cells=resolution)
        for member in zip(*columns, strict=True)
    ]
    return Measured({name: [row[name] for row in rows] for name in rows[0]})


@experiment(
    id="fem.cantilever",
    parameters=[
        Parameter("length", "m", "from the clamp to the loaded end", 1e-3, 1e3, 1.0, scale="log"),
        Parameter("height", "m", "in the direction of the load", 1e-4, 1e2, 0.1, scale="log"),
        Parameter("width", "m", "across the plane of bending", 1e-4, 1e2, 0.1, scale="log"),
        Parameter("young_modulus", "GPa", "E, stiffness", 1e-3, 2e3, 210.0, scale="log"),
        Parameter("poisson_ratio", "1", "ν, transverse contraction", 0.0, 0.49, 0.3),
        Parameter("density", "kg/m^3", "ρ, mass per volume", 1.0, 3e4, 7850.0, scale="log"),
        Parameter("load", "N", "force at the free end, downward", -1e9, 1e9, 1000.0),
    ],
    observables=[
        Observable("tip_displacement", "m", "downward, at half height of the free end"),
        Observable("frequency_1", "Hz", "of the slowest free vibration in the plane"),
    ],
    references=[
        # Beam theory leaves out shear, of relative size (h/L)², and the clamp's own hold.
        Reference(
            _SLENDER, "tip_displacement", 1000 / (3 * 210e9 * 0.1 * 0.02**3 / 12), 2e-3, _BEAM
        ),
        Reference(_SLENDER, "frequency_1", 16.7093, 2e-3, _BEAM),
    ],
    fidelity=Ladder(
        "resolution",
        default=64,
        low=16,
        high=512,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=4,
        description="quadratic cells along the beam; four over its height",
    ),
    referee=Referee("DOLFINx", _by_dolfinx),
    cost=lambda settings: 2.0 + 0.5 * (float(settings["resolution"]) / 64) ** 1.2,
)
def cantilever(length, height, width, young_modulus, poisson_ratio, density, load, *, resolution):
    """One beam on one mesh."""
    from aion_kernels.fem.beams import cantilever

    solution = cantilever(
        length,
        height,
        width,
        1e9 * young_modulus,
        poisson_ratio,
        density,
        load,
        cells=resolution,
    )
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
