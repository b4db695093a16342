"""How do the amounts in a stiff reaction system develop, over as many decades as one likes?

Two systems that stiff solvers are measured with. ROBER (Robertson 1966), three species:

    y₁' = −0.04 y₁ + 10⁴ y₂ y₃,  y₂' = 0.04 y₁ − 10⁴ y₂ y₃ − 3·10⁷ y₂²,  y₃' = 3·10⁷ y₂²

from y = (1, 0, 0); and HIRES (Schäfer 1975), eight species of a plant's response to light.

Parameters  name: rober or hires; time at which the amounts are looked at. No units.
Observables species_1, species_2, …: the amounts, three of rober and eight of hires.
Expect      rober: y₂ jumps to 4e-5 within a hundredth and then follows y₁ down; y₁ ~ 1/time late.
            hires: a steady state until 320, where a last reaction runs out.
Fails       hires beyond about 1e6, whose end state is reached long before.
Good start  rober at 40, hires at 321.8122.
Reference   Mazzia & Magherini 2008, Test Set for Initial Value Problem Solvers,
            https://archimede.uniba.it/~testset; Hairer & Wanner 1996, doi
            10.1007/978-3-642-05221-7.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["stiff_problem"]

_SOURCE = "Test Set for Initial Value Problem Solvers, https://archimede.uniba.it/~testset"
_HIRES = (
    0.7371312573325668e-3,
    0.1442485726316185e-3,
    0.5888729740967575e-4,
    0.1175651343283149e-2,
    0.2386356198831331e-2,
    0.6238968252742796e-2,
    0.2849998395185769e-2,
    0.2850001604814231e-2,
)
_PUBLISHED = (
    ("rober", 40.0, (7.1582706872e-1, 9.1855347646e-6, 2.8416374575e-1)),
    ("rober", 1e11, (0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050)),
    ("hires", 321.8122, _HIRES),
)
_RELATIVE = 1e-8


@experiment(
    id="kinetics.stiff_problem",
    parameters=[
        Parameter(
            "name",
            "1",
            "reaction system",
            default="rober",
            kind="choice",
            choices=("rober", "hires"),
        ),
        Parameter("time", "1", "time since the start", 1e-6, 1e12, 40.0, scale="log"),
    ],
    observables=[Observable("species", "1", "amount of each species", numbered=True)],
    references=[
        Reference({"name": name, "time": time}, f"species_{index}", value, 1e-7, _SOURCE)
        for name, time, values in _PUBLISHED
        for index, value in enumerate(values, start=1)
    ],
    batched=True,
    cost=lambda settings: 0.05,
)
def stiff_problem(time, *, name):
    """All members, each to its own time."""
    import numpy as np

    from aion_kernels.kinetics.stiff_problems import solve_stiff_problems

    coarse, fine = (
        solve_stiff_problems(name, time, relative=relative)
        for relative in (10 * _RELATIVE, _RELATIVE)
    )
    # A tolerance ten times finer leaves a fraction of the difference; round-off does not shrink,
    # and shows as the tolerance itself where steps are very many.
    leftover = np.abs(fine.value - coarse.value) + _RELATIVE * np.abs(fine.value)
    return Measured(
        observables={f"species_{i}": row for i, row in enumerate(fine.value.T, start=1)},
        outcome=np.maximum(coarse.outcome, fine.outcome),
        solver={f"species_{i}": row for i, row in enumerate(leftover.T, start=1)},
    )
