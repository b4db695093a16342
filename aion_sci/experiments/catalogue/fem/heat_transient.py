"""How warm is a bar inside when the temperature of one end rises and falls?

NAFEMS' benchmark T3: a bar of 0.1 m, at 0 °C to begin with and at one end for ever, is heated at
the other end, x = 0.1 m, to 100 sin(π t / 40 s) °C:

    ρ c ∂T/∂t = k ∂²T/∂x²

Parameters  conductivity k, specific_heat c and density ρ; only k/ρc matters.
Observables temperature: at x = 0.08 m after 32 s, in °C.
Expect      36.60 °C for the defaults. Second order in the time step, which falls with the mesh.
Fails       where the heat has hardly come in (k/ρc below 1e-6 m²/s): there the value is near zero
            and `unresolved`, since the trapezoidal rule rings where a mesh is too coarse.
Good start  the defaults.
Reference   NAFEMS, The Standard NAFEMS Benchmarks, 1990, T3: 36.60 °C.
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

__all__ = ["heat_transient"]

_NAFEMS = "NAFEMS, The Standard NAFEMS Benchmarks, 1990, T3"


@experiment(
    id="fem.heat_transient",
    parameters=[
        Parameter("conductivity", "W/m/K", "k", 1.0, 1e3, 35.0, scale="log"),
        Parameter("specific_heat", "J/kg/K", "c, heat capacity of a mass", 100.0, 1e4, 440.5),
        Parameter("density", "kg/m^3", "ρ", 100.0, 2.5e4, 7200.0),
    ],
    observables=[
        Observable("temperature", "delta_degC", "over the cold end, at 0.08 m after 32 s")
    ],
    references=[Reference({}, "temperature", 36.60, 0.005, _NAFEMS)],
    fidelity=Ladder(
        "resolution",
        default=80,
        low=40,
        high=640,
        order=2.0,
        fractions=(0.25, 0.5, 1.0),
        multiple=10,
        description="cells along the bar, and steps in time, of the finest computation",
    ),
    cost=lambda settings: 2.0 + 0.01 * float(settings["resolution"]),
)
def heat_transient(conductivity, specific_heat, density, *, resolution):
    """One bar on one mesh."""
    from aion_kernels.fem.heat import heated_bar

    diffusivity = conductivity / (specific_heat * density)
    solution = heated_bar(diffusivity, cells=resolution, steps=resolution)
    return Measured(observables=solution.value, outcome=solution.outcome)
