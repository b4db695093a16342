"""The ideal gas: what the cells hold, in primitive and in conserved variables.

A state is a tuple of fields: density, one velocity an axis, pressure (primitive), or density,
momentum, total energy per volume (conserved). With the ratio of specific heats γ:

    E = p/(γ − 1) + ½ ρ |u|²,   c² = γ p/ρ,   F_d = (ρ u_d, ρ u_d u + p e_d, (E + p) u_d)

The number of axes follows from the number of fields, so one code serves 1D to 3D. Units are the
user's own: any consistent set, or none.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["IdealGas", "State", "total"]

State = tuple[Float[Array, "..."], ...]
"""(density, velocity along each axis, pressure) or (density, momentum along each axis, energy)."""


class IdealGas(eqx.Module):
    """p = (γ − 1) ρ e."""

    gamma: Float[Array, ""]
    """Ratio of specific heats, above 1; traced."""

    def conserved(self, primitive: State) -> State:
        """Density, momentum and total energy from density, velocity and pressure."""
        density, *velocity, pressure = primitive
        momentum = [density * u for u in velocity]
        kinetic = 0.5 * total([m * u for m, u in zip(momentum, velocity, strict=True)])
        return density, *momentum, pressure / (self.gamma - 1) + kinetic

    def primitive(self, conserved: State) -> State:
        """Density, velocity and pressure from density, momentum and total energy."""
        density, *momentum, _ = conserved
        return density, *(m / density for m in momentum), self.pressure(conserved)

    def pressure(self, conserved: State) -> Float[Array, "..."]:
        """Pressure of conserved states."""
        density, *momentum, energy = conserved
        kinetic = 0.5 * total([m**2 for m in momentum]) / density
        return (self.gamma - 1) * (energy - kinetic)

    def sound_speed(self, primitive: State) -> Float[Array, "..."]:
        """c = √(γ p/ρ) of primitive states."""
        return jnp.sqrt(self.gamma * primitive[-1] / primitive[0])

    def flux(self, primitive: State, axis: int) -> State:
        """What crosses a face normal to ``axis``, per area and time."""
        speed, pressure = primitive[1 + axis], primitive[-1]
        carried = [speed * field for field in self.conserved(primitive)]
        carried[1 + axis] = carried[1 + axis] + pressure
        carried[-1] = carried[-1] + speed * pressure
        return tuple(carried)

    def positive(self, conserved: State) -> Bool[Array, "..."]:
        """Where density and pressure are above zero, as they have to be."""
        return (conserved[0] > 0) & (self.pressure(conserved) > 0)


def total(terms: list[Float[Array, "..."]]) -> Float[Array, "..."]:
    """The sum of one or more fields."""
    return reduce(add, terms)
