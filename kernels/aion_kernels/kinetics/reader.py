"""Mechanisms in Cantera's own language: a YAML file becomes a :class:`~.mechanism.Mechanism`.

Cantera reads the file: its units, its duplicate and third-body rules, its defaults. What it has
understood is then laid out as arrays. So the two engines cannot differ about what a file means, and
Cantera remains the independent referee of everything computed from it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from aion_kernels.invalid import InvalidInputError
from aion_kernels.kinetics.mechanism import (
    GAS_CONSTANT,
    Chebyshev,
    Falloff,
    Mechanism,
    PressureTable,
    Thermodynamics,
    ThirdBodies,
)

__all__ = ["from_cantera", "load_cantera", "read_mechanism"]

_FORMS = {"Lindemann": 0, "Troe": 1, "SRI": 2, "Tsang": 3}
_END = 1000.0
"""ln p beyond every pressure: a table continues there with its last rates."""


@functools.lru_cache(maxsize=16)
def read_mechanism(file: str, phase: str = "") -> Mechanism:
    """The mechanism of a YAML file, or of one that ships with Cantera (``gri30.yaml``).

    ``phase`` chooses one of several in the file; empty takes the first. Raises
    :class:`~aion_kernels.invalid.InvalidInputError` for a file that is missing or wrong, and for
    what is not supported, named with its species or reaction.
    """
    return from_cantera(load_cantera(file, phase))


def load_cantera(file: str, phase: str = "") -> Any:
    """A new ``cantera.Solution`` of the file."""
    try:
        import cantera
    except ImportError as error:
        raise InvalidInputError(
            "mechanism files are read by Cantera, which is not installed: pip install "
            '"aion-sci[kinetics]"'
        ) from error
    try:
        return cantera.Solution(file, phase)
    except (cantera.CanteraError, ValueError) as error:
        told = [line.strip(" *") for line in str(error).splitlines() if line.strip(" *")]
        reason = next((line for line in told if "thrown by" not in line), "unknown reason")
        where = Path(file)
        known = "" if where.exists() else "; give a path, or a mechanism that ships with Cantera"
        raise InvalidInputError(f"mechanism '{file}' cannot be read: {reason}{known}") from error


def from_cantera(gas: Any) -> Mechanism:
    """The mechanism that a ``cantera.Solution`` holds, whatever state it is in."""
    if gas.thermo_model != "ideal-gas":
        raise InvalidInputError(
            f"phase '{gas.name}' is '{gas.thermo_model}'; mechanisms of ideal gases are supported"
        )
    reactions = gas.reactions()
    names = tuple(gas.species_names)
    place = {name: index for index, name in enumerate(names)}
    forward = [_slots({**reaction.reactants, **reaction.orders}, place) for reaction in reactions]
    backward = [
        _slots(reaction.products if reaction.reversible else {}, place) for reaction in reactions
    ]
    net = [_net(reaction, place) for reaction in reactions]
    bodies = _Bodies(len(names))
    body = [bodies.number(reaction, place) for reaction in reactions]
    multiplies = [
        float(reaction.third_body is not None and reaction.third_body.mass_action)
        for reaction in reactions
    ]
    rates = _Rates()
    for number, reaction in enumerate(reactions):
        rates.add(number, reaction)
    fill = len(names)
    forward_species, forward_orders = _padded(forward, fill, 1.0)
    backward_species, backward_orders = _padded(backward, fill, 1.0)
    net_species, net_coefficients = _padded(net, fill, 0.0)
    return Mechanism(
        thermodynamics=_thermodynamics(gas),
        molecular_weights=jnp.asarray(gas.molecular_weights),
        composition=jnp.asarray(
            [[gas.n_atoms(k, m) for k in range(gas.n_species)] for m in range(gas.n_elements)],
            dtype=jnp.float64,
        ),
        arrhenius=jnp.asarray(np.array(rates.arrhenius, np.float64).reshape(-1, 3)),
        reversible=jnp.asarray([float(r.reversible) for r in reactions], dtype=jnp.float64),
        forward=forward_species,
        forward_orders=forward_orders,
        backward=backward_species,
        backward_orders=backward_orders,
        net=net_species,
        net_coefficients=net_coefficients,
        body=jnp.asarray(body, dtype=jnp.int32),
        body_multiplies=jnp.asarray(multiplies, dtype=jnp.float64),
        bodies=bodies.table(),
        falloff=rates.falloff(),
        pressure_table=rates.pressure_table(),
        chebyshev=rates.chebyshev(),
        species=names,
        elements=tuple(gas.element_names),
        equations=tuple(reaction.equation for reaction in reactions),
    )


def _slots(orders: dict[str, float], place: dict[str, int]) -> list[tuple[int, float]]:
    """Species with order one for each whole order, one slot for any other order."""
    found: list[tuple[int, float]] = []
    for name, order in orders.items():
        if order == 0:
            continue
        whole = order == int(order) and 0 < order <= 3
        found += [(place[name], 1.0)] * int(order) if whole else [(place[name], float(order))]
    return found


def _net(reaction: Any, place: dict[str, int]) -> list[tuple[int, float]]:
    change: dict[str, float] = {}
    for sign, side in ((-1, reaction.reactants), (1, reaction.products)):
        for name, coefficient in side.items():
            change[name] = change.get(name, 0.0) + sign * coefficient
    return [(place[name], value) for name, value in change.items() if value != 0]


def _padded(rows: Sequence[Sequence[tuple[int, float]]], fill: int, value: float) -> tuple:
    width = max((len(row) for row in rows), default=0) or 1
    species = np.full((len(rows), width), fill, np.int32)
    numbers = np.full((len(rows), width), value)
    for index, row in enumerate(rows):
        for slot, (which, number) in enumerate(row):
            species[index, slot], numbers[index, slot] = which, number
    return jnp.asarray(species), jnp.asarray(numbers)


class _Bodies:
    """Collision partners, each distinct one kept once."""

    def __init__(self, species: int) -> None:
        self._rows = [(0.0, (0.0,) * species)]
        self._species = species

    def number(self, reaction: Any, place: dict[str, int]) -> int:
        partner = reaction.third_body
        if partner is None:
            return 0
        excess = [0.0] * self._species
        for name, efficiency in partner.efficiencies.items():
            if name in place:
                excess[place[name]] = efficiency - partner.default_efficiency
        row = (float(partner.default_efficiency), tuple(excess))
        if row not in self._rows[1:]:
            self._rows.append(row)
        return self._rows.index(row, 1)

    def table(self) -> ThirdBodies:
        default, excess = zip(*self._rows, strict=True)
        return ThirdBodies(jnp.asarray(default), jnp.asarray(excess, dtype=jnp.float64))


class _Rates:
    """Rate constants, sorted by their form."""

    def __init__(self) -> None:
        self.arrhenius: list[list[float]] = []
        self._falloff: list[tuple[int, Any, int, list[float]]] = []
        self._tables: list[tuple[int, list[tuple[float, list[list[float]]]]]] = []
        self._chebyshev: list[tuple[int, Any]] = []

    def add(self, number: int, reaction: Any) -> None:
        rate, kind = reaction.rate, reaction.rate.type
        own = [0.0, 0.0, 0.0]
        if kind == "Arrhenius":
            own = _arrhenius(rate)
        elif kind in ("falloff", "chemically-activated") and rate.sub_type in _FORMS:
            own = _arrhenius(rate.high_rate)
            self._falloff.append((number, rate, _FORMS[rate.sub_type], _falloff_numbers(rate)))
        elif kind == "pressure-dependent-Arrhenius":
            self._tables.append((number, _levels(rate)))
        elif kind == "Chebyshev":
            self._chebyshev.append((number, rate))
        else:
            raise InvalidInputError(
                f"reaction {number + 1}, '{reaction.equation}', has a rate of type "
                f"'{reaction.reaction_type}', which is not supported; leave it out or give it as "
                "Arrhenius, falloff, PLOG or Chebyshev"
            )
        self.arrhenius.append(own)

    def falloff(self) -> Falloff:
        rows = self._falloff
        return Falloff(
            reaction=jnp.asarray([row[0] for row in rows], dtype=jnp.int32),
            low=jnp.asarray(np.array([_arrhenius(r[1].low_rate) for r in rows]).reshape(-1, 3)),
            form=jnp.asarray([row[2] for row in rows], dtype=jnp.int32),
            parameters=jnp.asarray(np.array([row[3] for row in rows]).reshape(-1, 5)),
            activated=jnp.asarray(
                [float(row[1].type == "chemically-activated") for row in rows], dtype=jnp.float64
            ),
        )

    def pressure_table(self) -> PressureTable:
        count = max((len(levels) for _, levels in self._tables), default=0) + 2
        terms = max((len(t) for _, levels in self._tables for _, t in levels), default=1)
        log_pressure = np.full((len(self._tables), count), _END)
        rates = np.zeros((len(self._tables), count, terms, 3))
        for row, (_, levels) in enumerate(self._tables):
            log_pressure[row, 0] = -_END
            # Beyond its ends a table keeps the rates of its first and last pressure.
            for level in range(count):
                pressure, group = levels[min(max(level - 1, 0), len(levels) - 1)]
                if 1 <= level <= len(levels):
                    log_pressure[row, level] = math.log(pressure)
                rates[row, level, : len(group)] = group
        return PressureTable(
            reaction=jnp.asarray([number for number, _ in self._tables], dtype=jnp.int32),
            log_pressure=jnp.asarray(log_pressure),
            rates=jnp.asarray(rates),
        )

    def chebyshev(self) -> Chebyshev:
        grids = [np.asarray(rate.data) for _, rate in self._chebyshev]
        shape = tuple(max((g.shape[axis] for g in grids), default=1) for axis in (0, 1))
        coefficients = np.zeros((len(grids), *shape))
        for row, grid in enumerate(grids):
            coefficients[row, : grid.shape[0], : grid.shape[1]] = grid
        rates = [rate for _, rate in self._chebyshev]
        return Chebyshev(
            reaction=jnp.asarray([number for number, _ in self._chebyshev], dtype=jnp.int32),
            temperature_range=_pairs([rate.temperature_range for rate in rates]),
            pressure_range=_pairs([rate.pressure_range for rate in rates]),
            coefficients=jnp.asarray(coefficients),
        )


def _pairs(rows: list) -> Any:
    return jnp.asarray(np.array(rows, np.float64).reshape(-1, 2))


def _arrhenius(rate: Any) -> list[float]:
    return [
        rate.pre_exponential_factor,
        rate.temperature_exponent,
        rate.activation_energy / GAS_CONSTANT,
    ]


def _levels(rate: Any) -> list[tuple[float, list[list[float]]]]:
    """The Arrhenius terms of a table, grouped by pressure."""
    grouped: dict[float, list[list[float]]] = {}
    for pressure, term in rate.rates:
        grouped.setdefault(pressure, []).append(_arrhenius(term))
    return sorted(grouped.items())


def _falloff_numbers(rate: Any) -> list[float]:
    """The parameters of a falloff form; of Troe's, the last says whether T** is there."""
    given = [float(x) for x in rate.falloff_coeffs]
    if rate.sub_type == "Troe":
        return [*given, 0.0, 0.0] if len(given) == 3 else [*given, 1.0]
    if rate.sub_type == "SRI":
        return [*given, 1.0, 0.0] if len(given) == 3 else given
    return [*given, 0.0, 0.0, 0.0, 0.0, 0.0][:5]


def _thermodynamics(gas: Any) -> Thermodynamics:
    models = [_zones(species) for species in gas.species()]
    count = max(len(rows) for _, rows in models)
    boundaries = np.full((len(models), count - 1), np.inf)
    coefficients = np.zeros((len(models), count, 9))
    for index, (limits, rows) in enumerate(models):
        boundaries[index, : len(limits)] = limits
        coefficients[index] = [*rows, *[rows[-1]] * (count - len(rows))]
    return Thermodynamics(
        boundaries=jnp.asarray(boundaries),
        coefficients=jnp.asarray(coefficients),
        reference_pressure=jnp.asarray(float(gas.reference_pressure)),
    )


def _zones(species: Any) -> tuple[list[float], list[list[float]]]:
    """Boundaries between zones, and nine coefficients for each zone."""
    model, numbers = type(species.thermo).__name__, [float(x) for x in species.thermo.coeffs]
    if model == "NasaPoly2":
        middle, high, low = numbers[0], numbers[1:8], numbers[8:15]
        return [middle], [[0.0, 0.0, *low], [0.0, 0.0, *high]]
    if model == "Nasa9PolyMultiTempRegion":
        zones = np.array(numbers[1:]).reshape(int(numbers[0]), 11)
        return [float(t) for t in zones[1:, 0]], [[float(x) for x in zone[2:]] for zone in zones]
    if model == "ShomatePoly2":
        middle, low, high = numbers[0], numbers[1:8], numbers[8:15]
        return [middle], [_from_shomate(low), _from_shomate(high)]
    if model == "ConstantCp":
        t0, enthalpy, entropy, heat_capacity = (
            numbers[0],
            *(x / GAS_CONSTANT for x in numbers[1:]),
        )
        constants = [enthalpy - heat_capacity * t0, entropy - heat_capacity * math.log(t0)]
        return [], [[0.0, 0.0, heat_capacity, 0.0, 0.0, 0.0, 0.0, *constants]]
    raise InvalidInputError(
        f"species '{species.name}' has thermodynamics of type '{model}', which is not supported; "
        "give NASA-7, NASA-9, Shomate or a constant heat capacity"
    )


def _from_shomate(numbers: list[float]) -> list[float]:
    """NIST's polynomial in T/1000, in J/mol/K and kJ/mol, as NASA's nine numbers."""
    a, b, c, d, e, f, g = (x * 1e3 / GAS_CONSTANT for x in numbers)
    # cp/R = a + b t + c t² + d t³ + e/t², t = T/1000
    entropy = g - a * math.log(1000.0)
    return [e * 1e6, 0.0, a, b / 1e3, c / 1e6, d / 1e9, 0.0, f * 1e3, entropy]
