"""Chemical equilibrium of an ideal gas by element potentials.

At the smallest Gibbs energy every species has the amount

    ln nₖ = ln N − gₖ(T)/RT − ln(p/p°) + Σₑ aₑₖ λₑ ,

so that the potentials λ of the elements, ln N and, where energy instead of temperature is held,
ln T are the only unknowns (White, Johnson & Dantzig 1958, doi 10.1063/1.1744264). Newton's method
runs on ln nₖ with the steps of Gordon & McBride (1994, NASA RP-1311), which converges from any
start; then the residual in the few unknowns defines the result, and its derivatives come from the
implicit function theorem, not from the iterations.

``"TP"``, ``"HP"`` and ``"UV"`` name what is held constant. Amounts are kmol a kg of mixture.
Species with an element that is absent have none; so have ions, unless charges are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.solution import Solution
from aion_kernels.kinetics.mechanism import GAS_CONSTANT, Mechanism
from aion_kernels.kinetics.thermodynamics import enthalpy, gibbs_energy, heat_capacity

__all__ = ["Constraint", "Equilibrium", "equilibrate", "equilibria"]

Constraint = Literal["TP", "HP", "UV"]

_MAX_STEPS = 300
_COLD, _HOT = 150.0, 8000.0
"""K between which the temperature is looked for."""
_TRACE = 18.420680743952367
"""−ln 1e-8: amounts below are traces, which do not limit a step."""
_FLOOR = -400.0
"""ln of the smallest amount over all: below, exp would be subnormal after a few factors."""


class Equilibrium(NamedTuple):
    """A mixture in equilibrium."""

    temperature: Float[Array, ""]
    pressure: Float[Array, ""]
    amounts: Float[Array, " species"]
    """kmol/kg."""

    @property
    def fractions(self) -> Float[Array, " species"]:
        """Mole fractions."""
        return self.amounts / jnp.sum(self.amounts)


class _Held(NamedTuple):
    """The data of one problem: everything a derivative may be taken by."""

    mechanism: Mechanism
    elements: Array
    """Amounts of the elements, kmol/kg."""
    temperature: Array
    pressure: Array
    """Of the start; the temperature stays for TP, the pressure for TP and HP."""
    volume: Array
    energy: Array
    """Enthalpy (HP) or internal energy (UV), J/kg, over R."""


def equilibrate(
    mechanism: Mechanism,
    temperature: Float[Array, ""],
    pressure: Float[Array, ""],
    fractions: Float[Array, " species"],
    hold: Constraint = "HP",
) -> Solution:
    """Equilibrium of the mixture at K, Pa and mole fractions; ``value`` is :class:`Equilibrium`.

    Differentiable in every argument, forward and reverse. ``not_converged`` when the iteration
    limit is reached or the temperature would leave 150 K to 8000 K.
    """
    temperature, pressure = jnp.asarray(temperature, float), jnp.asarray(pressure, float)
    amounts = fractions / jnp.sum(fractions * mechanism.molecular_weights)
    total = jnp.sum(amounts)
    tables = mechanism.thermodynamics
    energies = enthalpy(tables, temperature) - (1.0 if hold == "UV" else 0.0)
    held = _Held(
        mechanism,
        mechanism.composition @ amounts,
        temperature,
        pressure,
        GAS_CONSTANT * temperature * total / pressure,
        temperature * jnp.sum(energies * amounts),
    )
    iterated = _iterate(lax.stop_gradient(held), hold)
    unknowns = _implicit(held, iterated, hold)
    log_amounts, log_temperature, log_pressure = _expand(held, unknowns, hold)
    value = Equilibrium(
        jnp.exp(log_temperature),
        jnp.exp(log_pressure),
        jnp.where(_possible(held), jnp.exp(log_amounts), 0.0),
    )
    return Solution(value, iterated.outcome, {"iterations": iterated.iterations})


def equilibria(
    mechanism: Mechanism,
    temperature: Float[np.ndarray, " members"],
    pressure: Float[np.ndarray, " members"],
    fractions: Float[np.ndarray, "members species"],
    hold: Constraint = "HP",
) -> Solution:
    """Equilibria of a whole batch, arrays of the host in and out; see :func:`equilibrate`."""
    states = (jnp.asarray(x, jnp.float64) for x in (temperature, pressure, fractions))
    return jax.tree.map(np.asarray, _batched(hold)(mechanism, *states))


@functools.cache
def _batched(hold: Constraint) -> Callable[..., Solution]:
    def one(mechanism: Mechanism, temperature: Array, pressure: Array, x: Array) -> Solution:
        return equilibrate(mechanism, temperature, pressure, x, hold)

    return jax.jit(jax.vmap(one, (None, 0, 0, 0)))


class _Iterated(NamedTuple):
    log_amounts: Array
    log_total: Array
    log_temperature: Array
    potentials: Array
    iterations: Array
    outcome: Array


def _possible(held: _Held) -> Array:
    """Species all of whose elements are there."""
    present = held.elements > 1e-14 * jnp.max(held.elements)
    return jnp.all((held.mechanism.composition == 0) | present[:, None], axis=0)


def _standard(held: _Held, log_temperature: Array, log_total: Array, hold: Constraint) -> Array:
    """What a species' chemical potential over RT is above ln nₖ."""
    tables = held.mechanism.thermodynamics
    temperature = jnp.exp(log_temperature)
    gibbs = gibbs_energy(tables, temperature)
    if hold == "UV":
        pressure_per_amount = GAS_CONSTANT * temperature / held.volume
        return gibbs + jnp.log(pressure_per_amount / tables.reference_pressure)
    return gibbs + jnp.log(held.pressure / tables.reference_pressure) - log_total


def _iterate(held: _Held, hold: Constraint) -> _Iterated:
    """Newton's method on the logarithms of all amounts, with the limits of RP-1311."""
    mechanism, possible = held.mechanism, _possible(held)
    species, elements = mechanism.size, len(mechanism.elements)
    atoms = jnp.where(possible[None], mechanism.composition, 0.0)
    tables = mechanism.thermodynamics
    count = jnp.sum(possible)
    total = 0.1  # kmol/kg, a common gas
    start = _Iterated(
        jnp.where(possible, jnp.log(total / count.astype(held.elements.dtype)), _FLOOR),
        jnp.log(jnp.asarray(total)),
        jnp.log(held.temperature if hold == "TP" else jnp.asarray(3000.0)),
        jnp.zeros(elements),
        jnp.int32(0),
        jnp.int32(Outcome.not_converged),
    )
    empty = held.elements <= 1e-14 * jnp.max(held.elements)

    def step(s: _Iterated) -> _Iterated:
        amounts = jnp.where(possible, jnp.exp(s.log_amounts), 0.0)
        temperature = jnp.exp(s.log_temperature)
        potential = _standard(held, s.log_temperature, s.log_total, hold) + s.log_amounts
        potential = jnp.where(possible, potential, 0.0)
        energies = enthalpy(tables, temperature) - (1.0 if hold == "UV" else 0.0)
        capacity = heat_capacity(tables, temperature) - (1.0 if hold == "UV" else 0.0)
        # Directions in which ln n may move: elements, total (at given p), temperature.
        moves = [*atoms]
        moves.append(jnp.ones(species) if hold != "UV" else jnp.zeros(species))
        moves.append(energies if hold != "TP" else jnp.zeros(species))
        move = jnp.stack(moves)
        weighted = move * amounts[None]
        matrix = weighted @ move.T
        right = weighted @ potential
        right = right.at[:elements].add(held.elements - atoms @ amounts)
        now = jnp.sum(amounts)
        if hold == "UV":
            matrix = matrix.at[elements, elements].set(1.0)
        else:
            matrix = matrix.at[elements, elements].add(-jnp.exp(s.log_total))
            right = right.at[elements].add(jnp.exp(s.log_total) - now)
        if hold == "TP":
            matrix = matrix.at[-1, -1].set(1.0)
        else:
            matrix = matrix.at[-1, -1].add(jnp.sum(amounts * capacity))
            right = right.at[-1].add(held.energy / temperature - jnp.sum(amounts * energies))
        diagonal = jnp.diag(jnp.append(jnp.where(empty, 1.0, 1e-13 * now), jnp.zeros(2)))
        solved = jnp.linalg.solve(matrix + diagonal, right)
        solved = jnp.where(jnp.isfinite(solved), solved, 0.0)
        change = move.T @ solved - potential
        share = s.log_amounts - jnp.log(now)
        of_total = solved[elements]
        largest = jnp.maximum(5 * jnp.abs(solved[-1]), 5 * jnp.abs(of_total))
        growing = jnp.where(possible & (share > -_TRACE), change, 0.0)
        largest = jnp.maximum(jnp.maximum(largest, jnp.max(growing)), 2.0)
        trace = possible & (share <= -_TRACE) & (change > 0) & (change - of_total > 1e-8)
        room = jnp.abs((-share - 9.2103404) / jnp.where(trace, change - of_total, 1.0))
        size = jnp.minimum(2 / largest, jnp.min(jnp.where(trace, room, 1.0)))
        size = jnp.minimum(size, 1.0)
        log_amounts = jnp.where(
            possible, jnp.maximum(s.log_amounts + size * change, _FLOOR), _FLOOR
        )
        log_temperature = s.log_temperature + size * solved[-1]
        log_temperature = jnp.clip(log_temperature, jnp.log(_COLD), jnp.log(_HOT))
        if hold == "UV":
            log_total = jnp.log(jnp.sum(jnp.where(possible, jnp.exp(log_amounts), 0.0)))
        else:
            log_total = s.log_total + size * of_total
        moved = jnp.max(jnp.abs(change) * amounts) / now
        settled = (moved < 1e-11) & (jnp.abs(solved[-1]) < 1e-11) & (size >= 1)
        leaving = (log_temperature <= jnp.log(_COLD)) | (log_temperature >= jnp.log(_HOT))
        ok = settled & ~leaving
        return _Iterated(
            log_amounts,
            log_total,
            log_temperature,
            solved[:elements],
            s.iterations + 1,
            jnp.where(ok, int(Outcome.ok), int(Outcome.not_converged)).astype(jnp.int32),
        )

    return lax.while_loop(
        lambda s: (s.outcome != int(Outcome.ok)) & (s.iterations < _MAX_STEPS), step, start
    )


def _implicit(held: _Held, iterated: _Iterated, hold: Constraint) -> Array:
    """The unknowns (λ, ln N, ln T) as a function of the data, by the residual that they annul."""
    start = jnp.concatenate(
        [iterated.potentials, iterated.log_total[None], iterated.log_temperature[None]]
    )

    def residual(unknowns: Array) -> Array:
        return _residual(held, unknowns, hold)

    def polished(function: object, guess: Array) -> Array:
        for _ in range(2):  # from 1e-11 to round-off
            guess = guess - jnp.linalg.solve(jax.jacfwd(residual)(guess), residual(guess))
        return jnp.where(jnp.all(jnp.isfinite(guess)), guess, start)

    def tangent(linear: Callable[[Array], Array], right: Array) -> Array:
        return jnp.linalg.solve(jax.jacfwd(linear)(right), right)

    return lax.custom_root(residual, start, polished, tangent)


def _expand(held: _Held, unknowns: Array, hold: Constraint) -> tuple[Array, Array, Array]:
    """ln nₖ, ln T and ln p from the few unknowns."""
    potentials, log_total, log_temperature = unknowns[:-2], unknowns[-2], unknowns[-1]
    standard = _standard(held, log_temperature, log_total, hold)
    log_amounts = potentials @ held.mechanism.composition - standard
    if hold != "UV":
        return log_amounts, log_temperature, jnp.log(held.pressure)
    return (
        log_amounts,
        log_temperature,
        (log_total + log_temperature + jnp.log(GAS_CONSTANT / held.volume)),
    )


def _residual(held: _Held, unknowns: Array, hold: Constraint) -> Array:
    """Elements, total and energy (or temperature), each over its own scale."""
    log_amounts, log_temperature, _ = _expand(held, unknowns, hold)
    amounts = jnp.where(_possible(held), jnp.exp(log_amounts), 0.0)
    scale = jnp.sum(held.elements)
    empty = held.elements <= 1e-14 * jnp.max(held.elements)
    balance = (held.mechanism.composition @ amounts - held.elements) / scale
    balance = jnp.where(empty, unknowns[:-2], balance)
    total = jnp.exp(unknowns[-2])
    closure = (jnp.sum(amounts) - total) / total
    if hold == "TP":
        last = log_temperature - jnp.log(held.temperature)
    else:
        temperature = jnp.exp(log_temperature)
        energies = enthalpy(held.mechanism.thermodynamics, temperature)
        energies = energies - (1.0 if hold == "UV" else 0.0)
        last = jnp.sum(amounts * energies) / total - held.energy / (temperature * total)
    return jnp.concatenate([balance, closure[None], last[None]])
