"""How hot do fuel and oxidizer get when they burn to equilibrium at constant pressure?

The adiabatic flame temperature: the mixture keeps pressure, enthalpy and elements and takes the
composition of the smallest Gibbs energy,

    ln nₖ = ln N − gₖ(T)/RT − ln(p/p°) + Σₑ aₑₖ λₑ,   Σ aₑₖ nₖ = bₑ,   Σ nₖ hₖ(T) = H

Parameters  mechanism: a Cantera YAML file, or one that ships with Cantera, for its species; fuel
            and oxidizer: compositions by mole, as in `CH4:1`; equivalence_ratio: fuel per oxidizer
            over the stoichiometric one; temperature and pressure of the unburnt mixture.
Observables temperature: of the burnt gas.
Expect      a maximum slightly on the rich side (1.05 for hydrogen in air); higher with pressure,
            which holds dissociation back.
Fails       as `not_converged` when the burnt gas would be colder than 150 K or hotter than 8000 K.
            Soot is no gas: rich hydrocarbons beyond a ratio of about 3 form it in nature. Ions
            stay out.
Good start  the defaults: hydrogen in air from 300 K and 1 atm burns at 2388 K.
Reference   Cantera 3.2, https://cantera.org; Gordon & McBride 1994, NASA RP-1311.
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

__all__ = ["flame_temperature"]

_AIR = "O2:1, N2:3.76"


def _with_cantera(
    unburnt_temperature, pressure, equivalence_ratio, *, mechanism, fuel, oxidizer
) -> Measured:
    import numpy as np

    from aion_kernels.kinetics.referee import flame_temperature

    members = zip(unburnt_temperature, pressure, equivalence_ratio, strict=True)
    found = [
        flame_temperature(mechanism, fuel, oxidizer, ratio, start, level)
        for start, level, ratio in members
    ]
    return Measured({"temperature": np.array(found)})


@experiment(
    id="kinetics.flame_temperature",
    parameters=[
        Parameter("mechanism", "1", "mechanism file or name", default="h2o2.yaml", kind="text"),
        Parameter("fuel", "1", "composition of the fuel by mole", default="H2:1", kind="text"),
        Parameter("oxidizer", "1", "composition of the oxidizer", default=_AIR, kind="text"),
        Parameter("equivalence_ratio", "1", "fuel over stoichiometric", 0.01, 100.0, 1.0, "log"),
        Parameter("unburnt_temperature", "K", "of the unburnt mixture", 200.0, 3000.0, 300.0),
        Parameter("pressure", "Pa", "pressure", 1e3, 1e8, 101325.0, "log"),
    ],
    observables=[Observable("temperature", "K", "temperature of the burnt gas")],
    references=[
        Reference({}, "temperature", 2387.638, 2e-6, "Cantera 3.2, https://cantera.org"),
    ],
    batched=True,
    referee=Referee("Cantera", _with_cantera),
    cost=lambda settings: 0.001,
)
def flame_temperature(
    unburnt_temperature, pressure, equivalence_ratio, *, mechanism, fuel, oxidizer
):
    """All members in one program."""
    from aion_kernels.kinetics.equilibrium import equilibria
    from aion_kernels.kinetics.mixtures import equivalence_mixtures
    from aion_kernels.kinetics.reader import read_mechanism

    gas = read_mechanism(mechanism)
    fractions = equivalence_mixtures(gas, equivalence_ratio, fuel, oxidizer)
    burnt = equilibria(gas, unburnt_temperature, pressure, fractions)
    # Newton's method ends at round-off: what is left is its growth in the last solve.
    return Measured(
        observables={"temperature": burnt.value.temperature},
        outcome=burnt.outcome,
        solver={"temperature": 1e-10 * burnt.value.temperature},
    )
