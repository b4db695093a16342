"""Energies of water molecules at given places, for the rigid SPC/E model.

Three charges a molecule, and one Lennard-Jones site on the oxygen (Berendsen, Grigera & Straatsma
1987, doi 10.1021/j100308a038). Energies are divided by Boltzmann's constant, lengths are in Å: the
units of the sample configurations of the National Institute of Standards and Technology.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.configuration_files import Particles
from aion_kernels.md.ewald import ewald_energies, wave_indices
from aion_kernels.md.pairs.cluster_forces import Atoms

__all__ = ["WaterEnergies", "spce_energies"]

COULOMB_OVER_BOLTZMANN = 167100.9566
"""e²/(4πε₀ k) in K Å, as in the published energies; the constants of 2018 make it 2.7e-7 larger."""
_CHARGE = {"O": -0.8476, "H": 0.4238}
_SIGMA = 3.16555789
_EPSILON = 78.19743111
_SCREENING = 5.6
_WAVES = 5
_WAVES_SQUARED = 27.0
CUTOFF = 10.0


class WaterEnergies(NamedTuple):
    """In kelvin, for all molecules together."""

    dispersion: float
    tail: float
    real: float
    fourier: float
    self: float
    intramolecular: float
    total: float


def spce_energies(particles: Particles) -> WaterEnergies:
    """Every term of a configuration whose particles are O H H, molecule after molecule.

    Screening α = 5.6/L, waves up to 5 with n² < 27, cutoff 10 Å on atoms, tail correction beyond.
    Raises :class:`~aion_kernels.invalid.InvalidInputError` where the file holds anything else, or
    the box is not a cube of at least 20 Å.
    """
    molecules, rest = divmod(len(particles.elements), 3)
    if rest or particles.elements != ("O", "H", "H") * molecules:
        raise InvalidInputError(
            f"{len(particles.elements)} particles that begin {particles.elements[:6]} are not "
            "water; each molecule is three lines: O, H, H"
        )
    edges = np.diag(particles.box)
    if np.ptp(edges) > 1e-9 * edges[0] or np.count_nonzero(particles.box) != 3:
        raise InvalidInputError(
            f"the box {particles.box.tolist()} is no cube, and α = 5.6/L needs one"
        )
    whole = _whole_molecules(particles)
    charge = np.array([_CHARGE[name] for name in particles.elements])
    oxygen = np.array([name == "O" for name in particles.elements])
    first = 3 * np.arange(molecules)[:, None]
    bonded = np.array([(0, 1), (0, 2), (1, 2)])
    found = ewald_energies(
        whole,
        particles.box,
        Atoms(
            jnp.asarray(charge * np.sqrt(COULOMB_OVER_BOLTZMANN)),
            jnp.where(oxygen, _SIGMA, 1.0),
            jnp.where(oxygen, _EPSILON, 0.0),
        ),
        (first[:, :, None] + bonded[None]).reshape(-1, 2),
        alpha=_SCREENING / edges[0],
        cutoff=CUTOFF,
        waves=wave_indices(_WAVES, _WAVES_SQUARED),
    )
    inverse3 = (_SIGMA / CUTOFF) ** 3
    density = molecules / edges[0] ** 3
    tail = molecules * 8 / 3 * np.pi * density * _EPSILON * _SIGMA**3 * (inverse3**3 / 3 - inverse3)
    terms = [float(term) for term in found]
    return WaterEnergies(terms[0], tail, *terms[1:], total=sum(terms) + tail)


def _whole_molecules(particles: Particles) -> Float[np.ndarray, "particles 3"]:
    """Hydrogens moved next to their oxygen, and a check that they lie where SPC/E has them."""
    molecules = particles.positions.reshape(-1, 3, 3)
    bonds = molecules[:, 1:] - molecules[:, :1]
    edges = np.diag(particles.box)
    bonds = bonds - edges * np.round(bonds / edges)
    lengths = np.linalg.norm(bonds, axis=2)
    if np.max(np.abs(lengths - 1.0)) > 0.05:
        worst = int(np.argmax(np.max(np.abs(lengths - 1.0), axis=1)))
        raise InvalidInputError(
            f"molecule {worst + 1} has O-H distances {lengths[worst].tolist()} Å; SPC/E has 1 Å. "
            "Lengths must be in Å and each molecule's lines follow one another"
        )
    return (molecules[:, :1] + np.concatenate([np.zeros_like(bonds[:, :1]), bonds], 1)).reshape(
        -1, 3
    )
