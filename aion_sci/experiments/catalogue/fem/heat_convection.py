"""How warm is the side of a plate that stands on something hot and is cooled by air?

NAFEMS' benchmark T4: a plate of 0.6 × 1 m, its bottom at a given temperature, insulated at the
left, cooled at the right and at the top:

    ∇·(k ∇T) = 0,   −k ∂T/∂n = h (T − T∞)

Parameters  conductivity k, heat_transfer h (the coefficient of convection), bottom_excess: the
            bottom's temperature over that of the air.
Observables temperature: over that of the air, at (0.6 m, 0.2 m), on the cooled side.
Expect      18.2538 K for the defaults, where the air is at 0 °C.
Fails       where h exceeds k by far more than a mesh resolves: the corner between the hot and the
            cooled side is then a jump. The ladder states no order, because of that corner.
Good start  the defaults.
Reference   NAFEMS, The Standard NAFEMS Benchmarks, 1990, T4: 18.25 °C; 18.2538 by refinement.
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

__all__ = ["heat_convection"]

_NAFEMS = "NAFEMS, The Standard NAFEMS Benchmarks, 1990, T4, refined"


@experiment(
    id="fem.heat_convection",
    parameters=[
        Parameter("conductivity", "W/m/K", "k", 5.0, 1e3, 52.0, scale="log"),
        Parameter("heat_transfer", "W/m^2/K", "h, of the cooled sides", 10.0, 5e3, 750.0),
        Parameter("bottom_excess", "delta_degC", "of the bottom over the air", 1.0, 1e3, 100.0),
    ],
    observables=[Observable("temperature", "delta_degC", "over the air, at (0.6 m, 0.2 m)")],
    references=[Reference({}, "temperature", 18.2538, 0.005, _NAFEMS)],
    fidelity=Ladder(
        "resolution",
        default=40,
        low=20,
        high=160,
        order=None,
        fractions=(0.25, 0.5, 1.0),
        multiple=5,
        description="cells along the height of the finest mesh",
    ),
    cost=lambda settings: 2.0 + 0.5 * (float(settings["resolution"]) / 40) ** 2.5,
)
def heat_convection(conductivity, heat_transfer, bottom_excess, *, resolution):
    """One plate on one mesh."""
    from aion_kernels.fem.heat import cooled_plate

    solution = cooled_plate(conductivity, heat_transfer, bottom_excess, cells=resolution)
    leftover = 10 * solution.stats["residual"]
    return Measured(
        observables=solution.value,
        outcome=solution.outcome,
        solver={name: abs(value) * leftover for name, value in solution.value.items()},
    )
