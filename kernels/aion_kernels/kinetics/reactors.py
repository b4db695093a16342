"""Homogeneous reactors: the equations of a well-stirred gas in a vessel, an open vessel or a tube.

Unknowns are the specific amounts φₖ = Yₖ/Wₖ in kmol/kg and the temperature; c = ρφ.

    dφₖ/dt = ω̇ₖ/ρ + (φₖ⁰ − φₖ)/τ
    c̄ dT/dt = −Σ eₖ ω̇ₖ/ρ + Σ φₖ⁰ (hₖ(T⁰) − hₖ(T))/τ

A closed vessel of constant *volume* keeps ρ; e is the internal energy and c̄ the heat capacity at
constant volume. At constant *pressure* ρ = p / (R T Σφ), with enthalpies and heat capacity at
constant pressure. A reactor that is fed (*stirred*) works at constant pressure and has a residence
time τ; closed ones have 1/τ = 0. A *plug-flow* tube of constant cross section without friction is
the constant-pressure reactor in the frame of the gas: its position follows from dz/dt = ṁ/(ρA).
"""

from __future__ import annotations

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.core.solution import Solution
from aion_kernels.kinetics.mechanism import GAS_CONSTANT, Mechanism
from aion_kernels.kinetics.rates import production_rates
from aion_kernels.kinetics.rosenbrock import solve_stiff
from aion_kernels.kinetics.thermodynamics import enthalpy, heat_capacity

__all__ = [
    "Feed",
    "Reactor",
    "ReactorKind",
    "absolute_tolerance",
    "advance",
    "closed_reactor",
    "stirred_reactor",
]

ReactorKind = Literal["volume", "pressure"]

_SMALLEST = 1e-8
"""Absolute tolerance of amounts, over the relative one times all amounts: radicals that start an
ignition are followed from parts in 1e14."""


class Feed(eqx.Module):
    """What flows into a stirred reactor."""

    frequency: Float[Array, ""]
    """One over the residence time, 1/s."""
    amounts: Float[Array, " species"]
    """φ⁰, kmol/kg."""
    temperature: Float[Array, ""]


class Reactor(eqx.Module):
    """A mechanism in a vessel; the right side of y' = f(y) with y = (φ₁ … φ_K, T)."""

    mechanism: Mechanism
    fixed: Float[Array, ""]
    """What the vessel holds constant: density in kg/m³, or pressure in Pa."""
    feed: Feed | None = None
    kind: ReactorKind = eqx.field(static=True, default="volume")

    def density(self, state: Float[Array, " unknowns"]) -> Float[Array, ""]:
        """kg/m³."""
        if self.kind == "volume":
            return self.fixed
        return self.fixed / (GAS_CONSTANT * state[-1] * jnp.sum(state[:-1]))

    def pressure(self, state: Float[Array, " unknowns"]) -> Float[Array, ""]:
        """Pa."""
        if self.kind == "pressure":
            return self.fixed
        return self.fixed * GAS_CONSTANT * state[-1] * jnp.sum(state[:-1])

    def slope(self, state: Float[Array, " unknowns"]) -> Float[Array, " unknowns"]:
        """dy/dt of one member."""
        amounts, temperature = state[:-1], state[-1]
        tables, density = self.mechanism.thermodynamics, self.density(state)
        made = production_rates(self.mechanism, temperature, density * amounts) / density
        energies = enthalpy(tables, temperature)
        capacities = heat_capacity(tables, temperature)
        if self.kind == "volume":
            energies, capacities = energies - 1, capacities - 1
        heating = -temperature * jnp.sum(energies * made)
        if self.feed is not None:
            feed = self.feed
            arriving = feed.temperature * enthalpy(tables, feed.temperature)
            gain = jnp.sum(feed.amounts * (arriving - temperature * energies))
            heating = heating + feed.frequency * gain
            made = made + feed.frequency * (feed.amounts - amounts)
        return jnp.append(made, heating / jnp.sum(capacities * amounts))

    def slopes(self, states: Float[Array, "unknowns lanes"]) -> Float[Array, "unknowns lanes"]:
        """dy/dt of many members of this reactor."""
        return jax.vmap(self.slope, 1, 1)(states)


def closed_reactor(
    mechanism: Mechanism,
    kind: ReactorKind,
    temperature: Float[Array, ""],
    pressure: Float[Array, ""],
    fractions: Float[Array, " species"],
) -> tuple[Reactor, Float[Array, " unknowns"]]:
    """A closed reactor and its first state, from K, Pa and mole fractions."""
    weight = jnp.sum(fractions * mechanism.molecular_weights)
    density = pressure * weight / (GAS_CONSTANT * temperature)
    fixed = density if kind == "volume" else pressure
    return Reactor(mechanism, fixed, None, kind), jnp.append(fractions / weight, temperature)


def stirred_reactor(
    mechanism: Mechanism,
    residence_time: Float[Array, ""],
    temperature: Float[Array, ""],
    pressure: Float[Array, ""],
    fractions: Float[Array, " species"],
) -> tuple[Reactor, Float[Array, " unknowns"]]:
    """A stirred reactor of a residence time in s, and the state of what is fed to it."""
    closed, state = closed_reactor(mechanism, "pressure", temperature, pressure, fractions)
    feed = Feed(1 / residence_time, state[:-1], temperature)
    return Reactor(mechanism, closed.fixed, feed, "pressure"), state


def advance(
    reactor: Reactor,
    state: Float[Array, " unknowns"],
    time: Float[Array, ""],
    *,
    relative: float = 1e-7,
    max_steps: int = 100_000,
) -> Solution:
    """The state after ``time`` seconds; batch it with ``vmap`` or an ensemble."""
    solution = solve_stiff(
        reactor.slopes,
        state[:, None],
        time[None],
        relative=relative,
        absolute=absolute_tolerance(state, relative)[:, None],
        max_steps=max_steps,
    )
    return Solution(
        solution.value[0][:, 0],
        solution.outcome[0],
        {name: value[0] for name, value in solution.stats.items()},
    )


def absolute_tolerance(
    state: Float[Array, " unknowns"], relative: Float[Array, ""] | float
) -> Float[Array, " unknowns"]:
    """Tolerance of amounts that vanish; the temperature has a relative one only."""
    amounts = jnp.full(state.shape[0] - 1, _SMALLEST * jnp.sum(state[:-1]))
    return jnp.append(amounts, 0.0) * relative
