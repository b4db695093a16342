"""Coulomb's energy of a periodic system, summed after Ewald, term by term.

A lattice sum of 1/r converges only conditionally. Ewald (1921, doi 10.1002/andp.19213690304) puts a
Gaussian cloud of the opposite charge around each charge, sums what is left over neighbours, and the
clouds over waves, for a conductor around the whole (tin foil):

    E_real    = ½ Σ' qᵢqⱼ erfc(αr)/r                     within a cutoff
    E_fourier = (2π/V) Σ_k exp(−k²/4α²)/k² |Σ qⱼ exp(i k·xⱼ)|²
    E_self    = −α/√π Σ qᵢ²
    E_intra   = −Σ_excluded qᵢqⱼ erf(αr)/r,   the clouds of pairs that do not act on each other

Here the waves are summed one by one, which is exact for the waves chosen and costs the number of
waves times that of charges: for reference values and small cells.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.box import check_box, minimum_image, volume
from aion_kernels.md.pairs.cluster_forces import Atoms, PairPotential, pair_forces
from aion_kernels.md.pairs.cluster_list import ClusterList
from aion_kernels.md.pairs.neighbours import exclusion_table, find_neighbours

__all__ = [
    "EwaldEnergies",
    "ewald_energies",
    "excluded_energy",
    "fourier_energy",
    "self_energy",
    "wave_indices",
]

_WAVES_AT_ONCE = 4096


class EwaldEnergies(NamedTuple):
    """Terms of the energy, in units of charge² / length; dispersion in those of ε."""

    dispersion: Float[Array, ""]
    real: Float[Array, ""]
    fourier: Float[Array, ""]
    self: Float[Array, ""]
    intramolecular: Float[Array, ""]

    @property
    def electrostatic(self) -> Float[Array, ""]:
        """The sum of all but dispersion."""
        return self.real + self.fourier + self.self + self.intramolecular


def wave_indices(largest: int, below_squared: float = np.inf) -> Int[np.ndarray, "waves 3"]:
    """Integer vectors n ≠ 0 with |nᵢ| ≤ ``largest`` and n² < ``below_squared``, one of n and −n."""
    axis = np.arange(-largest, largest + 1)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    half = grid[len(grid) // 2 + 1 :]  # the list reads the same from both ends
    return half[np.sum(half**2, axis=1) < below_squared].astype(np.int32)


def fourier_energy(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    charge: Float[Array, " atoms"],
    alpha: Float[Array, ""],
    waves: Int[Array | np.ndarray, "waves 3"],
) -> Float[Array, ""]:
    """The energy of the clouds, over ``waves`` and their opposites."""
    reciprocal = 2 * np.pi * jnp.linalg.inv(box).T
    fractions = positions @ jnp.linalg.inv(box)
    batches = max(1, -(-len(waves) // _WAVES_AT_ONCE))
    padded = jnp.pad(jnp.asarray(waves), ((0, batches * _WAVES_AT_ONCE - len(waves)), (0, 0)))

    def some(total: Array, n: Int[Array, "n 3"]) -> tuple[Array, None]:
        index = n.astype(positions.dtype)
        k2 = jnp.sum((index @ reciprocal) ** 2, axis=1)
        counted = k2 > 0  # the padding is the wave that does not exist
        k2 = jnp.where(counted, k2, 1.0)
        phase = 2 * np.pi * (index @ fractions.T)
        amplitude2 = (jnp.cos(phase) @ charge) ** 2 + (jnp.sin(phase) @ charge) ** 2
        terms = jnp.exp(-k2 / (4 * alpha**2)) / k2 * amplitude2
        return total + jnp.sum(jnp.where(counted, terms, 0.0)), None

    blocks = padded.reshape(batches, _WAVES_AT_ONCE, 3)
    total, _ = jax.lax.scan(some, jnp.zeros((), positions.dtype), blocks)
    return 4 * np.pi / volume(box) * total


def self_energy(charge: Float[Array, " atoms"], alpha: Float[Array, ""]) -> Float[Array, ""]:
    """Of each cloud with its own charge."""
    return -alpha / np.sqrt(np.pi) * jnp.sum(charge**2)


def excluded_energy(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    charge: Float[Array, " atoms"],
    alpha: Float[Array, ""],
    pairs: Int[Array, "pairs 2"],
) -> Float[Array, ""]:
    """The clouds of excluded pairs, which the waves count, taken out again."""
    first, second = pairs[:, 0], pairs[:, 1]
    r = jnp.linalg.norm(minimum_image(positions[first] - positions[second], box), axis=1)
    return -jnp.sum(charge[first] * charge[second] * jax.scipy.special.erf(alpha * r) / r)


def ewald_energies(
    positions: Float[np.ndarray, "atoms 3"],
    box: Float[np.ndarray, "3 3"],
    atoms: Atoms,
    excluded: Int[np.ndarray, "pairs 2"],
    *,
    alpha: float,
    cutoff: float,
    waves: Int[np.ndarray, "waves 3"],
) -> EwaldEnergies:
    """All terms of one configuration, in double precision.

    Lennard-Jones and the real part end at ``cutoff``; ``excluded`` pairs act in neither. Raises
    :class:`~aion_kernels.invalid.InvalidInputError` for a box narrower than twice the cutoff, or
    one that is charged as a whole.
    """
    check_box(box, cutoff)
    total = float(np.sum(atoms.charge))
    if abs(total) > 1e-6 * max(float(np.max(np.abs(atoms.charge))), 1e-300):
        raise InvalidInputError(
            f"the charges add up to {total:g}; a periodic system has to be neutral as a whole"
        )
    neighbours = find_neighbours(positions, box, cutoff, exclusion_table(excluded, len(positions)))
    potential = PairPotential.of(cutoff, coulomb="ewald", alpha=alpha)
    x, vectors = jnp.asarray(positions), jnp.asarray(box)
    pairs = jnp.asarray(np.asarray(excluded, np.int32).reshape(-1, 2))
    return _evaluate(x, vectors, atoms, potential, neighbours, pairs, jnp.asarray(waves))


@jax.jit
def _evaluate(
    positions: Array,
    box: Array,
    atoms: Atoms,
    potential: PairPotential,
    neighbours: ClusterList,
    excluded: Array,
    waves: Array,
) -> EwaldEnergies:
    found = pair_forces(positions, box, atoms, potential, neighbours)
    alpha = potential.alpha
    return EwaldEnergies(
        dispersion=found.lennard_jones,
        real=found.coulomb,
        fourier=fourier_energy(positions, box, atoms.charge, alpha, waves),
        self=self_energy(atoms.charge, alpha),
        intramolecular=excluded_energy(positions, box, atoms.charge, alpha, excluded),
    )
