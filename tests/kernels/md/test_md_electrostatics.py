"""Lattice sums and sample configurations, against published values and identities."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.configuration_files import Particles, read_particles
from aion_kernels.md.crystals import CRYSTALS, Crystal, madelung_constant
from aion_kernels.md.ewald import ewald_energies, fourier_energy, wave_indices
from aion_kernels.md.lennard_jones import lennard_jones_configuration
from aion_kernels.md.pairs.cluster_forces import Atoms
from aion_kernels.md.water_configuration import spce_energies

DATA = Path(__file__).resolve().parents[3] / "datasets" / "md"
ARGON = DATA / "lj_sample_config_periodic4.xyz"
WATER = DATA / "spce_sample_config_periodic1.xyz"


@pytest.mark.parametrize(
    ("name", "value"),
    [("nacl", 1.7475645946331822), ("cscl", 1.76267477307099), ("zincblende", 1.63805505338879)],
)
def test_madelung_constants(name, value):
    """Published to 14 and more digits; the sum leaves 1e-13."""
    assert abs(madelung_constant(CRYSTALS[name]) - value) < 1e-12


def test_energies_do_not_depend_on_the_screening():
    """Real and reciprocal part trade places; what their cutoffs leave out is below 1e-11."""
    random = np.random.default_rng(0)
    x, charge = random.uniform(0, 1, (12, 3)), np.repeat([1.0, -1.0], 6)
    excluded = np.array([(0, 6), (1, 7)])
    atoms = Atoms(jnp.asarray(charge), jnp.ones(12), jnp.zeros(12))
    found = [
        ewald_energies(
            x, np.eye(3), atoms, excluded, alpha=alpha, cutoff=0.5, waves=wave_indices(28, 800.0)
        ).electrostatic
        for alpha in (11.0, 13.0)
    ]
    assert abs(float(found[0] - found[1])) < 1e-9 * abs(float(found[0]))


def test_waves_come_with_their_opposites_once():
    waves = {tuple(n) for n in wave_indices(3, 10.0)}
    assert not waves & {tuple(-np.array(n)) for n in waves}
    assert (0, 0, 0) not in waves
    assert len(waves) * 2 == sum(
        0 < i * i + j * j + k * k < 10
        for i in range(-3, 4)
        for j in range(-3, 4)
        for k in range(-3, 4)
    )


def test_fourier_energy_pushes_nothing_as_a_whole():
    """Its slope adds up to zero, since a common translation changes nothing."""
    random = np.random.default_rng(1)
    x, charge = jnp.asarray(random.uniform(0, 1, (8, 3))), jnp.asarray(random.normal(size=8))
    slope = jax.grad(
        lambda x: fourier_energy(x, jnp.eye(3), charge, jnp.asarray(5.0), wave_indices(6))
    )(x)
    assert float(jnp.max(jnp.abs(jnp.sum(slope, 0)))) < 1e-11 * float(jnp.max(jnp.abs(slope)))


@pytest.mark.parametrize(
    ("cutoff", "energy", "virial", "tail"),
    [
        (3.0, -16.790321304625856, -46.249, -0.5451660014945704),
        (4.0, -17.060, -47.869, -0.23008),
    ],
)
def test_lennard_jones_sample(cutoff, energy, virial, tail):
    """All digits that are printed."""
    particles = read_particles(ARGON)
    found = lennard_jones_configuration(particles.positions, particles.box, cutoff)
    exact = 1e-13 if cutoff == 3 else 1e-3 / 17
    assert abs(float(found.energy) / energy - 1) < exact
    assert abs(float(found.virial) - virial) < 5e-4
    assert abs(float(found.tail_energy) / tail - 1) < max(exact, 2e-5)


def test_water_sample():
    """Six digits of each term; the published total is the sum of the rounded terms."""
    found = spce_energies(read_particles(WATER))
    published = {
        "dispersion": 9.95387e4,
        "tail": -8.23715e2,
        "real": -5.58889e5,
        "fourier": 6.27009e3,
        "self": -2.84469e6,
        "intramolecular": 2.80999e6,
    }
    for name, value in published.items():
        assert float(f"{getattr(found, name):.5e}") == value, name
    assert abs(found.total - -4.88604e5) < 1


def test_what_is_not_a_configuration_is_refused(tmp_path):
    water = read_particles(WATER)
    with pytest.raises(InvalidInputError, match="O, H, H"):
        spce_energies(read_particles(ARGON))
    with pytest.raises(InvalidInputError, match="no cube"):
        spce_energies(Particles(water.positions, np.diag([20.0, 20.0, 21.0]), water.elements))
    with pytest.raises(InvalidInputError, match="Å"):
        spce_energies(Particles(water.positions / 10, water.box / 10, water.elements))
    with pytest.raises(InvalidInputError, match="at most half"):
        lennard_jones_configuration(water.positions, water.box, 11.0)
    with pytest.raises(InvalidInputError, match="as many"):
        madelung_constant(Crystal(np.zeros((2, 3)), np.zeros((1, 3))))
    for text, what in (
        ("two\n", "number of particles"),
        ("2\n8 8 8\nO 0 0 0\n", "lines"),
        ("1\nno box\nO 0 0 0\n", "no box"),
        ("1\n8 8 8\nO 0 zero 0\n", "coordinates"),
    ):
        file = tmp_path / "bad.xyz"
        file.write_text(text)
        with pytest.raises(InvalidInputError, match=what):
            read_particles(file)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_particles(tmp_path / "none.xyz")


def test_a_lattice_may_lean(tmp_path):
    file = tmp_path / "leaning.xyz"
    file.write_text('1\nLattice="5 0 0 1 5 0 1 2 5" Properties=species:S:1:pos:R:3\nAr 1 2 3\n')
    found = read_particles(file)
    assert found.elements == ("Ar",)
    assert np.array_equal(found.box, [[5, 0, 0], [1, 5, 0], [1, 2, 5]])
    assert np.array_equal(found.positions, [[1, 2, 3]])
