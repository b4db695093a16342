"""What a simulation needs to know of a system: its masses, and its forces at a configuration.

A force field is a frozen pytree of one replica's physics. Its arrays are traced, so that charges or
well depths can differ between replicas and be differentiated. The neighbour list is passed in: who
simulates decides how often it is built. Energies come by name, so that a term that is wrong can be
found.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from aion_kernels.md.lennard_jones import tail_energy, tail_pressure
from aion_kernels.md.pairs.cluster_forces import Atoms, PairPotential, pair_forces
from aion_kernels.md.pairs.cluster_list import ClusterList
from aion_kernels.md.pairs.neighbours import no_exclusions

__all__ = ["Evaluation", "ForceField", "LennardJonesFluid"]


class Evaluation(NamedTuple):
    """Forces and energies at a configuration."""

    force: Float[Array, "atoms 3"]
    energies: dict[str, Float[Array, ""]]
    """By term; meaningless where the energy was not asked for."""
    virial: Float[Array, "3 3"]
    """Σ d ⊗ F(d); the pressure is (2 E_kinetic + its trace) / 3V."""

    @property
    def energy(self) -> Float[Array, ""]:
        """The sum of all terms."""
        return sum(self.energies.values(), jnp.zeros(()))


class ForceField(eqx.Module):
    """Abstract base of all systems that can be simulated."""

    masses: eqx.AbstractVar[Float[Array, " atoms"]]
    exclusions: eqx.AbstractVar[Int[Array, "atoms most"]]

    @property
    @abstractmethod
    def cutoff(self) -> Float[Array, ""]:
        """The distance beyond which no listed pair acts."""

    @abstractmethod
    def evaluate(
        self,
        positions: Float[Array, "atoms 3"],
        box: Float[Array, "3 3"],
        neighbours: ClusterList,
        *,
        with_energy: bool,
    ) -> Evaluation:
        """Forces, and the energies and virial if they are asked for."""


class LennardJonesFluid(ForceField):
    """Equal Lennard-Jones particles in reduced units, with the tail beyond the cutoff added.

    The type of ``forces_in`` is the precision of the forces; positions and sums stay in double.
    """

    masses: Float[Array, " atoms"]
    exclusions: Int[Array, "atoms 0"]
    potential: PairPotential
    forces_in: str = eqx.field(static=True)

    @classmethod
    def of(cls, particles: int, cutoff: float, forces_in: str = "float32") -> LennardJonesFluid:
        """``particles`` of mass 1; forces in ``float32`` or ``float64``."""
        table = jnp.asarray(no_exclusions(particles))
        return cls(jnp.ones(particles), table, PairPotential.of(cutoff), forces_in)

    @property
    def cutoff(self) -> Float[Array, ""]:
        """Where the pair potential ends."""
        return self.potential.cutoff

    def evaluate(
        self,
        positions: Float[Array, "atoms 3"],
        box: Float[Array, "3 3"],
        neighbours: ClusterList,
        *,
        with_energy: bool,
    ) -> Evaluation:
        """Terms ``pairs`` and ``tail``."""
        count = len(positions)
        one = jnp.ones(1, self.forces_in)
        atoms = Atoms(jnp.zeros(count, self.forces_in), one, one)
        found = pair_forces(
            positions, box, atoms, self.potential, neighbours, with_energy=with_energy
        )
        space = box[0, 0] * box[1, 1] * box[2, 2]
        density = count / space
        energies = {
            "pairs": found.lennard_jones,
            "tail": count * tail_energy(density, self.cutoff),
        }
        # A tail pressure p enters the virial as p V on the diagonal.
        tail = tail_pressure(density, self.cutoff) * space * jnp.eye(3)
        return Evaluation(found.force, energies, found.virial + tail)
