"""The same questions asked of Cantera, member by member: the independent second opinion."""

from __future__ import annotations

import itertools

import numpy as np

from aion_kernels.kinetics.reader import load_cantera

__all__ = ["flame_temperature", "ignition_delay"]


def flame_temperature(
    mechanism: str,
    fuel: str,
    oxidizer: str,
    equivalence_ratio: float,
    temperature: float,
    pressure: float,
) -> float:
    """Adiabatic flame temperature at constant pressure, K."""
    gas = _mixture(mechanism, fuel, oxidizer, equivalence_ratio, temperature, pressure)
    gas.equilibrate("HP", rtol=1e-11, max_steps=5000)
    return float(gas.T)


def ignition_delay(
    mechanism: str,
    fuel: str,
    oxidizer: str,
    equivalence_ratio: float,
    temperature: float,
    pressure: float,
    reactor: str,
    *,
    longest: float = 10.0,
    relative: float = 1e-10,
    absolute: float = 1e-18,
) -> tuple[float, float]:
    """Time of the largest dT/dt in s and that rate in K/s; NaN when nothing ignites.

    The reactor network takes steps of its own choice; the heating rate follows from temperatures
    and production rates at each of them, and its maximum from a parabola through three.
    """
    import cantera

    gas = _mixture(mechanism, fuel, oxidizer, equivalence_ratio, temperature, pressure)
    burnt = _mixture(mechanism, fuel, oxidizer, equivalence_ratio, temperature, pressure)
    burnt.equilibrate("UV" if reactor == "volume" else "HP")
    warm = temperature + 0.5 * (burnt.T - temperature)
    kinds = {
        "volume": cantera.IdealGasReactor,
        "pressure": cantera.IdealGasConstPressureReactor,
    }
    vessel = kinds[reactor](gas, clone=False)
    network = cantera.ReactorNet([vessel])
    network.rtol, network.atol, network.max_steps = relative, absolute, 1_000_000
    nodes = [(0.0, _heating_rate(gas, reactor))]
    best = 0.0
    for _ in itertools.count():
        time = network.step()
        nodes.append((time, _heating_rate(gas, reactor)))
        best = max(best, nodes[-1][1])
        if time >= longest:
            break
        if warm < gas.T and nodes[-1][1] < 0.01 * best:
            break
    times, rates = np.array(nodes).T
    top = int(np.argmax(rates))
    if warm >= gas.T or not 0 < top < len(times) - 1:
        return float("nan"), float("nan")
    around = slice(top - 1, top + 2)
    origin, scale = times[top], times[top + 1] - times[top - 1]
    a, b, c = np.polyfit((times[around] - origin) / scale, rates[around], 2)
    place = -b / (2 * a)
    return float(origin + scale * place), float(c + place * (b + place * a))


def _mixture(
    mechanism: str,
    fuel: str,
    oxidizer: str,
    equivalence_ratio: float,
    temperature: float,
    pressure: float,
):
    gas = load_cantera(mechanism)
    gas.TP = temperature, pressure
    gas.set_equivalence_ratio(equivalence_ratio, fuel, oxidizer)
    return gas


def _heating_rate(gas, reactor: str) -> float:
    made = gas.net_production_rates
    if reactor == "volume":
        return -float(made @ gas.partial_molar_int_energies) / (gas.density * gas.cv_mass)
    return -float(made @ gas.partial_molar_enthalpies) / (gas.density * gas.cp_mass)
