"""Forces, energies and virial of all pairs in a list, each pair computed once.

    E = Σ 4ε [(σ/r)¹² − (σ/r)⁶] + Σ qᵢqⱼ g(r),   Fᵢ = −∂E/∂xᵢ,   W = Σ d ⊗ F(d)

over pairs within the cutoff. σ is the mean of both atoms' and ε their geometric mean (Lorentz and
Berthelot); g is nothing, the reaction field 1/r + k r² − c, or Ewald's erfc(αr)/r. Charges carry
the square root of Coulomb's constant, so that qᵢqⱼ/r is an energy and no units appear here.

The type of σ decides the precision in which forces are computed, whatever that of the positions;
energies and virial are summed in double precision where JAX has it switched on. Forces are written
by hand. :func:`pair_energy` has them as its derivative, and a function that is differentiated by
the parameters too (charges, σ, ε, cutoffs) pays for that only then.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, Int

from aion_kernels.core.native import kernel
from aion_kernels.md.box import shift_vectors, wrap
from aion_kernels.md.pairs.cluster_list import CLUSTER, ClusterList, tile_mask_bits

__all__ = ["Atoms", "PairForces", "PairPotential", "pair_energy", "pair_forces"]

Coulomb = Literal["none", "reaction_field", "ewald"]

_TILES_AT_ONCE = 512
"""In the XLA twin; what they need stays in a core's cache."""


class Atoms(NamedTuple):
    """What each atom brings to a pair; ``sigma`` and ``epsilon`` of length one hold for all."""

    charge: Float[Array, " atoms"]
    """In units in which qᵢqⱼ/r is an energy."""
    sigma: Float[Array, " atoms_or_one"]
    epsilon: Float[Array, " atoms_or_one"]


class PairPotential(eqx.Module):
    """The laws between two atoms, and where they end."""

    cutoff: Float[Array, ""]
    switch_from: Float[Array, ""]
    """Distance from which Lennard-Jones is brought to zero by a polynomial of fifth order; used
    where ``switched``."""
    alpha: Float[Array, ""]
    """Ewald's screening, one over a length."""
    dielectric: Float[Array, ""]
    """Of the reaction field; infinite for a conductor."""
    coulomb: Coulomb = eqx.field(static=True)
    switched: bool = eqx.field(static=True)
    shifted: bool = eqx.field(static=True)
    """Whether the Lennard-Jones energy at the cutoff is taken off, so that it ends at zero."""

    @classmethod
    def of(
        cls,
        cutoff: ArrayLike,
        *,
        coulomb: Coulomb = "none",
        switch_from: ArrayLike | None = None,
        alpha: ArrayLike = 0.0,
        dielectric: ArrayLike = 78.3,
        shifted: bool = False,
    ) -> PairPotential:
        """Lennard-Jones up to ``cutoff``, with one of the laws of Coulomb beside it."""
        return cls(
            cutoff=jnp.asarray(cutoff),
            switch_from=jnp.asarray(cutoff if switch_from is None else switch_from),
            alpha=jnp.asarray(alpha),
            dielectric=jnp.asarray(dielectric),
            coulomb=coulomb,
            switched=switch_from is not None,
            shifted=shifted,
        )

    def settings(self, dtype: np.dtype) -> Float[Array, "7"]:
        """What the kernel takes: squared cutoff, switch, reaction field, screening, shift."""
        constant = jnp.where(jnp.isinf(self.dielectric), 1.0, self.dielectric)
        conductor = jnp.isinf(self.dielectric)
        field = jnp.where(conductor, 0.5, (constant - 1) / (2 * constant + 1)) / self.cutoff**3
        offset = jnp.where(conductor, 1.5, 3 * constant / (2 * constant + 1)) / self.cutoff
        width = jnp.where(self.switched, self.cutoff - self.switch_from, 1.0)
        shift = jnp.asarray(1.0 if self.shifted else 0.0)
        numbers = (self.cutoff**2, self.switch_from, width, field, offset, self.alpha, shift)
        return jnp.stack([jnp.asarray(number, dtype) for number in numbers])


class PairForces(NamedTuple):
    """What the pairs of a list do to one another."""

    force: Float[Array, "atoms 3"]
    lennard_jones: Float[Array, ""]
    coulomb: Float[Array, ""]
    virial: Float[Array, "3 3"]
    """Σ d ⊗ F(d) over pairs, of which a third of the trace adds to pressure times volume."""


def pair_forces(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    atoms: Atoms,
    potential: PairPotential,
    neighbours: ClusterList,
    *,
    with_energy: bool = True,
) -> PairForces:
    """Forces in the type of the positions; energies and virial are zero without ``with_energy``."""
    kind = atoms.sigma.dtype
    wrapped = wrap(positions, box, neighbours.image).astype(kind)
    force, energy, virial = _cluster_forces(
        wrapped,
        neighbours.order,
        neighbours.tiles,
        neighbours.needed,
        shift_vectors(box).astype(kind),
        atoms.charge.astype(kind),
        atoms.sigma,
        atoms.epsilon.astype(kind),
        potential.settings(kind),
        coulomb=potential.coulomb,
        switched=potential.switched,
        with_energy=with_energy,
    )
    return PairForces(force.astype(positions.dtype), energy[0], energy[1], virial)


@functools.partial(jax.custom_vjp, nondiff_argnums=())
def pair_energy(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    atoms: Atoms,
    potential: PairPotential,
    neighbours: ClusterList,
) -> Float[Array, ""]:
    """Energy of all pairs; differentiable by positions, box, atoms and potential, not twice."""
    found = pair_forces(positions, box, atoms, potential, neighbours)
    return (found.lennard_jones + found.coulomb).astype(positions.dtype)


def _forward(
    positions: Array, box: Array, atoms: Atoms, potential: PairPotential, neighbours: ClusterList
) -> tuple[Array, tuple]:
    found = pair_forces(positions, box, atoms, potential, neighbours)
    energy = (found.lennard_jones + found.coulomb).astype(positions.dtype)
    return energy, (positions, box, atoms, potential, neighbours, found.force, found.virial)


def _backward(kept: tuple, slope: Array) -> tuple:
    positions, box, atoms, potential, neighbours, force, virial = kept

    def by_twin(atoms: Atoms, potential: PairPotential) -> Array:
        kind = atoms.sigma.dtype
        _, energy, _ = _twin(
            wrap(positions, box, neighbours.image).astype(kind),
            neighbours.order,
            neighbours.tiles,
            neighbours.needed,
            shift_vectors(box).astype(kind),
            atoms.charge.astype(kind),
            atoms.sigma,
            atoms.epsilon.astype(kind),
            potential.settings(kind),
            coulomb=potential.coulomb,
            switched=potential.switched,
            with_energy=True,
        )
        return jnp.sum(energy).astype(positions.dtype)

    of_atoms, of_potential = jax.vjp(by_twin, atoms, potential)[1](slope)
    # A strain of all space, x → x(1+e) and h → h(1+e), changes the energy by −W : e.
    of_box = jnp.linalg.solve(box.T, positions.T @ force - virial.astype(box.dtype))
    return -slope * force, slope * of_box, of_atoms, of_potential, None


pair_energy.defvjp(_forward, _backward)


def _twin(
    positions: Float[Array, "atoms 3"],
    order: Int[Array, "places 4"],
    tiles: Int[Array, "capacity 4"],
    count: Int[Array, ""],
    shifts: Float[Array, "45 3"],
    charge: Float[Array, " atoms"],
    sigma: Float[Array, " atoms_or_one"],
    epsilon: Float[Array, " atoms_or_one"],
    settings: Float[Array, "7"],
    *,
    coulomb: Coulomb,
    switched: bool,
    with_energy: bool,
) -> tuple[Float[Array, "atoms 3"], Float[Array, "2"], Float[Array, "3 3"]]:
    atoms = len(positions)
    filled = jnp.clip(order, 0, atoms - 1)
    x = positions[filled]
    q, s, e = (jnp.broadcast_to(leaf, (atoms,))[filled] for leaf in (charge, sigma, epsilon))
    batches = -(-len(tiles) // _TILES_AT_ONCE)
    missing = batches * _TILES_AT_ONCE - len(tiles)
    told = jnp.arange(len(tiles), dtype=jnp.int32) < count
    tiles = jnp.where(told[:, None], tiles, 0)  # a mask of zero: no pair of the tile counts
    blocks = jnp.pad(tiles, ((0, missing), (0, 0))).reshape(batches, _TILES_AT_ONCE, 4)
    total = jnp.zeros((), jax.dtypes.canonicalize_dtype(np.float64)).dtype

    def block(carry: tuple[Array, Array, Array], tile: Int[Array, "n 4"]) -> tuple[tuple, None]:
        force, energy, virial = carry
        i, j, shift, mask = tile[:, 0], tile[:, 1], tile[:, 2], tile_mask_bits(tile[:, 3])
        d = x[i][:, :, None, :] - x[j][:, None, :, :] - shifts[shift][:, None, None, :]
        distance2 = jnp.sum(d * d, axis=-1)
        inside = mask & (distance2 < settings[0])
        four_epsilon = jnp.sqrt(_positive(e[i]))[:, :, None] * jnp.sqrt(_positive(e[j]))[:, None, :]
        four_epsilon = 4 * four_epsilon
        mean_sigma = 0.5 * (s[i][:, :, None] + s[j][:, None, :])
        product = q[i][:, :, None] * q[j][:, None, :]
        r2 = jnp.where(inside, distance2, jnp.ones_like(distance2))
        lj, electric, strength = _law(
            r2, mean_sigma, four_epsilon, product, settings, coulomb, switched
        )
        push = jnp.where(inside, strength, 0)[..., None] * d
        force = force.at[i].add(jnp.sum(push, axis=2)).at[j].add(-jnp.sum(push, axis=1))
        if with_energy:
            sums = [jnp.sum(jnp.where(inside, term, 0), dtype=total) for term in (lj, electric)]
            energy = energy + jnp.stack(sums)
            virial = virial + jnp.einsum("tabk,tabl->kl", d.astype(total), push.astype(total))
        return (force, energy, virial), None

    start = (jnp.zeros_like(x), jnp.zeros(2, total), jnp.zeros((3, 3), total))
    (force, energy, virial), _ = lax.scan(block, start, blocks)
    target = jnp.where(order < 0, atoms, order).reshape(-1)
    scattered = (
        jnp.zeros_like(positions)
        .at[target]
        .add(force.reshape(len(order) * CLUSTER, 3), mode="drop")
    )
    return scattered, energy, virial


def _positive(epsilon: Array) -> Array:
    """Zero moved to where a square root has a slope; ε below 1e-30 acts on nothing anyway."""
    return jnp.maximum(epsilon, jnp.asarray(1e-30, epsilon.dtype))


def _law(
    r2: Array,
    sigma: Array,
    four_epsilon: Array,
    product: Array,
    settings: Float[Array, "7"],
    coulomb: Coulomb,
    switched: bool,
) -> tuple[Array, Array, Array]:
    """Energies of Lennard-Jones and Coulomb, and force over distance."""
    cutoff2, switch_from, width, field, offset, alpha, shifted = settings
    inverse2 = 1 / r2
    r = jnp.sqrt(r2)
    s6 = (sigma * sigma * inverse2) ** 3
    strength = four_epsilon * s6 * (12 * s6 - 6) * inverse2
    energy = four_epsilon * s6 * (s6 - 1)
    if switched:
        u = jnp.maximum((r - switch_from) / width, 0)
        factor = 1 - u**3 * (10 + u * (6 * u - 15))
        slope = -30 * u**2 * (1 + u * (u - 2)) / width
        strength = strength * factor - energy * slope / r
        energy = energy * factor
    c6 = (sigma * sigma / cutoff2) ** 3
    energy = energy - shifted * four_epsilon * c6 * (c6 - 1)
    electric = jnp.zeros_like(r2)
    if coulomb == "reaction_field":
        electric = product * (1 / r + field * r2 - offset)
        strength = strength + product * (inverse2 / r - 2 * field)
    if coulomb == "ewald":
        screened = jax.scipy.special.erfc(alpha * r) / r
        gauss = jnp.exp(-(alpha**2) * r2) * alpha * float(2 / np.sqrt(np.pi))
        electric = product * screened
        strength = strength + product * (screened + gauss) * inverse2
    return energy, electric, strength


_cluster_forces = kernel("cluster_forces", source=Path(__file__).with_suffix(".cpp"), twin=_twin)
