"""Ionic crystals: the Madelung constant, and the forces that symmetry makes vanish.

The Coulomb energy of a pair of ions ±q in a crystal, at nearest distance r₀, is

    E = −M q² / r₀

with a number M of the structure alone. It is summed after Ewald with a screening so strong
(α = 12 / a) that real and reciprocal part both end at round-off: exp(−(αa/2)²) = 2e-16 in the one,
exp(−(π n/αa)²) < 1e-16 beyond n = 24 waves a side in the other.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.ewald import ewald_energies, wave_indices
from aion_kernels.md.pairs.cluster_forces import Atoms

__all__ = ["CRYSTALS", "Crystal", "madelung_constant"]

_SCREENING = 12.0
_WAVES = 24
_FACES = np.array([(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)])


class Crystal(NamedTuple):
    """A cubic cell of edge 1 with as many anions as cations."""

    cations: Float[np.ndarray, "pairs 3"]
    anions: Float[np.ndarray, "pairs 3"]

    @property
    def nearest(self) -> float:
        """Distance from a cation to the nearest anion, in edges."""
        gap = self.anions - self.cations[:1]
        return float(np.min(np.linalg.norm(gap - np.round(gap), axis=1)))


CRYSTALS = {
    "nacl": Crystal(_FACES, _FACES + 0.5),
    "cscl": Crystal(np.zeros((1, 3)), np.full((1, 3), 0.5)),
    "zincblende": Crystal(_FACES, _FACES + 0.25),
}
"""By structure: rock salt, caesium chloride, zincblende."""


def madelung_constant(crystal: Crystal) -> float:
    """M of the crystal, to about 1e-13.

    Raises :class:`~aion_kernels.invalid.InvalidInputError` for unequal numbers of ions.
    """
    pairs = len(crystal.cations)
    if pairs == 0 or len(crystal.anions) != pairs:
        raise InvalidInputError(
            f"the cell has {pairs} cations and {len(crystal.anions)} anions; it needs as many of "
            "each, and at least one"
        )
    charge = np.repeat([1.0, -1.0], pairs)
    found = ewald_energies(
        np.concatenate([crystal.cations, crystal.anions]),
        np.eye(3),
        Atoms(jnp.asarray(charge), jnp.ones(2 * pairs), jnp.zeros(2 * pairs)),
        np.zeros((0, 2), np.int32),
        alpha=_SCREENING,
        cutoff=0.5,
        waves=wave_indices(_WAVES, _WAVES**2 + 1.0),
    )
    return -float(found.electrostatic) / pairs * crystal.nearest
