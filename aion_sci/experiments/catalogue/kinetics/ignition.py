"""How long does a hot mixture of fuel and oxidizer wait before it ignites?

A closed, adiabatic, well-stirred vessel holds the mixture at a temperature and a pressure. Its
reactions run by a mechanism: with specific amounts φₖ = Yₖ/Wₖ,

    dφₖ/dt = ω̇ₖ/ρ,   c dT/dt = −Σ eₖ ω̇ₖ/ρ,   τ = argmax dT/dt

e and c are internal energies and heat capacity at constant volume, or enthalpies and heat capacity
at constant pressure.

Parameters  mechanism: a Cantera YAML file, or one that ships with Cantera; fuel and oxidizer:
            compositions by mole, as in `H2:2, CO:1`; equivalence_ratio: fuel per oxidizer over the
            stoichiometric one; temperature and pressure at the start; reactor: volume or pressure,
            what the vessel holds constant.
Observables ignition_delay: time of the largest heating rate; heating_rate: that rate.
Expect      ln τ about linear in 1/T; hydrogen near 1000 K turns over at its second limit.
Fails       as `unresolved` when nothing ignites within 10 s, or when equilibrium would warm the
            mixture by less than 20 K. A feature of a mechanism that is not supported is named with
            its reaction. A path stands for its file: give a file that was changed another name.
Good start  the defaults: hydrogen in air at 1000 K and 1 atm.
Reference   Cantera 3.2, https://cantera.org; the mechanisms cite their own sources.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)
from aion_sci.experiments.declaration import Referee

__all__ = ["ignition"]

_AIR = "O2:1, N2:3.76"
_SOURCE = "Cantera 3.2, constant volume, rtol 1e-10, https://cantera.org"
_RELATIVE = 1e-6


def _with_cantera(
    temperature, pressure, equivalence_ratio, *, mechanism, fuel, oxidizer, reactor
) -> Measured:
    import numpy as np

    from aion_kernels.kinetics.referee import ignition_delay

    found = np.array(
        [
            ignition_delay(mechanism, fuel, oxidizer, ratio, start, level, reactor)
            for start, level, ratio in zip(temperature, pressure, equivalence_ratio, strict=True)
        ]
    )
    return Measured({"ignition_delay": found[:, 0], "heating_rate": found[:, 1]})


@experiment(
    id="kinetics.ignition",
    parameters=[
        Parameter("mechanism", "1", "mechanism file or name", default="h2o2.yaml", kind="text"),
        Parameter("fuel", "1", "composition of the fuel by mole", default="H2:1", kind="text"),
        Parameter("oxidizer", "1", "composition of the oxidizer", default=_AIR, kind="text"),
        Parameter("equivalence_ratio", "1", "fuel over stoichiometric", 0.01, 100.0, 1.0, "log"),
        Parameter("temperature", "K", "temperature at the start", 500.0, 3000.0, 1000.0),
        Parameter("pressure", "Pa", "pressure at the start", 1e3, 1e7, 101325.0, "log"),
        Parameter(
            "reactor",
            "1",
            "what the vessel holds constant",
            default="volume",
            kind="choice",
            choices=("volume", "pressure"),
        ),
    ],
    observables=[
        Observable("ignition_delay", "s", "time of the largest heating rate"),
        Observable("heating_rate", "K/s", "the largest heating rate"),
    ],
    references=[
        Reference({"temperature": 1000.0}, "ignition_delay", 3.053518e-4, 2e-4, _SOURCE),
        Reference({"temperature": 1200.0}, "ignition_delay", 4.422145e-5, 2e-4, _SOURCE),
    ],
    batched=True,
    referee=Referee("Cantera", _with_cantera),
    cost=lambda settings: 0.02,
)
def ignition(temperature, pressure, equivalence_ratio, *, mechanism, fuel, oxidizer, reactor):
    """All members side by side, at two tolerances."""
    import numpy as np

    from aion_kernels.kinetics.ignition import ignition_delays
    from aion_kernels.kinetics.mixtures import equivalence_mixtures
    from aion_kernels.kinetics.reader import read_mechanism

    gas = read_mechanism(mechanism)
    fractions = equivalence_mixtures(gas, equivalence_ratio, fuel, oxidizer)
    coarse, fine = (
        ignition_delays(gas, reactor, temperature, pressure, fractions, relative=relative)
        for relative in (10 * _RELATIVE, _RELATIVE)
    )
    values = {"ignition_delay": fine.value.delay, "heating_rate": fine.value.heating_rate}
    rough = {"ignition_delay": coarse.value.delay, "heating_rate": coarse.value.heating_rate}
    return Measured(
        observables=values,
        outcome=np.maximum(coarse.outcome, fine.outcome),
        # The finer of two tolerances leaves less than they differ by.
        solver={
            name: np.abs(value - rough[name]) + _RELATIVE * np.abs(value)
            for name, value in values.items()
        },
    )
