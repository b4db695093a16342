"""Lennard-Jones particles: energy, virial and tail of a configuration, in any consistent units.

    u(r) = 4ε [(σ/r)¹² − (σ/r)⁶],   r < r_c

What lies beyond the cutoff is added as if the fluid were uniform there (g(r) = 1):

    E_tail / N = (8/3) π ρ ε σ³ [⅓ (σ/r_c)⁹ − (σ/r_c)³]
    p_tail     = (16/3) π ρ² ε σ³ [⅔ (σ/r_c)⁹ − (σ/r_c)³]

(Frenkel & Smit, Understanding Molecular Simulation, 3.2.2). Reduced units have ε = σ = m = 1.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from aion_kernels.md.box import check_box
from aion_kernels.md.pairs.cluster_forces import Atoms, PairPotential, pair_forces
from aion_kernels.md.pairs.neighbours import find_neighbours

__all__ = ["Configuration", "lennard_jones_configuration", "tail_energy", "tail_pressure"]


class Configuration(NamedTuple):
    """Sums over the pairs of a configuration, in units of ε."""

    energy: Float[Array, ""]
    virial: Float[Array, ""]
    """Σ r·F(r) over pairs, not divided by three."""
    tail_energy: Float[Array, ""]


def tail_energy(density: ArrayLike, cutoff: ArrayLike) -> Float[Array, ""]:
    """Energy a particle in units of ε from beyond the cutoff; lengths in σ."""
    inverse3 = jnp.asarray(cutoff) ** -3.0
    return 8 / 3 * np.pi * jnp.asarray(density) * (inverse3**3 / 3 - inverse3)


def tail_pressure(density: ArrayLike, cutoff: ArrayLike) -> Float[Array, ""]:
    """Pressure in units of ε/σ³ from beyond the cutoff; lengths in σ."""
    inverse3 = jnp.asarray(cutoff) ** -3.0
    return 16 / 3 * np.pi * jnp.asarray(density) ** 2 * (2 * inverse3**3 / 3 - inverse3)


def lennard_jones_configuration(
    positions: Float[np.ndarray, "particles 3"], box: Float[np.ndarray, "3 3"], cutoff: float
) -> Configuration:
    """Energy, virial Σ r·F and tail of particles in reduced units, in double precision.

    Raises :class:`~aion_kernels.invalid.InvalidInputError` where the box is narrower than twice the
    cutoff. The energy is infinite where two particles coincide.
    """
    check_box(box, cutoff)
    neighbours = find_neighbours(positions, box, cutoff)
    found = _evaluate(jnp.asarray(positions), jnp.asarray(box), jnp.asarray(cutoff), neighbours)
    count = len(positions)
    tail = count * tail_energy(count / np.prod(np.diag(box)), cutoff)
    return Configuration(found[0], found[1], tail)


@jax.jit
def _evaluate(positions: Array, box: Array, cutoff: Array, neighbours) -> tuple[Array, Array]:
    one = jnp.ones(1, positions.dtype)
    atoms = Atoms(jnp.zeros(len(positions), positions.dtype), one, one)
    found = pair_forces(positions, box, atoms, PairPotential.of(cutoff), neighbours)
    return found.lennard_jones, jnp.trace(found.virial)
