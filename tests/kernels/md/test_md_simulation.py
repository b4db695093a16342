"""Replicas in time: conservation, the canonical ensemble, replay, and independence of the batch."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aion_kernels.core.outcome import Outcome
from aion_kernels.invalid import InvalidInputError
from aion_kernels.md.fluid import lattice_with_vacancies, lennard_jones_fluid
from aion_kernels.md.forcefield import LennardJonesFluid
from aion_kernels.md.integrators import (
    Free,
    Langevin,
    Rescaling,
    kinetic_energy,
    thermal_velocities,
)
from aion_kernels.md.pairs.cluster_forces import PairPotential
from aion_kernels.md.simulation import Simulation, initial_state

PARTICLES, DENSITY = 125, 0.5


def started(temperatures, seed=0, forces_in="float64", cutoff=2.5):
    system = LennardJonesFluid.of(PARTICLES, cutoff, forces_in)
    random = np.random.default_rng(seed)
    replicas = len(temperatures)
    x = np.array([lattice_with_vacancies(PARTICLES, DENSITY, random) for _ in range(replicas)])
    box = np.broadcast_to(np.eye(3) * (PARTICLES / DENSITY) ** (1 / 3), (replicas, 3, 3))
    keys = jax.random.split(jax.random.key(seed), replicas)
    return system, initial_state(
        system, jnp.asarray(x), jnp.asarray(box), jnp.asarray(temperatures), keys
    )


def simulation(system, thermostat, temperatures, timestep=0.004, steps=10):
    speed = np.sqrt(np.asarray(temperatures))
    return Simulation(system, thermostat, timestep, steps_per_list=steps, speed=speed)


def drift_and_noise(timestep, state, system):
    """Total energy a particle along half a unit of time: its spread."""
    steps = 10
    samples = round(0.5 / timestep / steps)
    run = simulation(system, Free(), [1.0], timestep, steps).run(state, samples)[1]
    total = (run.potential + run.kinetic)[:, 0]
    return np.std(total)


def test_energy_noise_falls_with_the_square_of_the_step():
    """Four times less at half the step, to a fifth: half a unit of time sees few oscillations.

    Lennard-Jones is brought to zero smoothly here: where a pair crosses a plain cut, energy jumps.
    """
    system, state = started([1.0])
    smooth = PairPotential.of(2.5, switch_from=2.0)
    system = dataclasses.replace(system, potential=smooth)
    thermostat = Rescaling(jnp.ones(1), jnp.full(1, 0.1))
    state, _ = simulation(system, thermostat, [1.0]).run(state, 40)
    coarse, fine = (drift_and_noise(step, state, system) for step in (0.008, 0.004))
    assert 3.2 < coarse / fine < 4.8


def test_momentum_is_kept():
    """To round-off: each pair acts on both atoms with one force."""
    system, state = started([1.0])
    state, _ = simulation(system, Free(), [1.0]).run(state, 8)
    assert float(jnp.max(jnp.abs(jnp.sum(state.velocities, axis=1)))) < 1e-11 * PARTICLES


def test_a_replica_does_not_know_of_the_others():
    """Bitwise, with a thermostat that draws random numbers."""
    temperatures = np.array([0.9, 1.0, 1.3])
    system, state = started(temperatures, forces_in="float32")
    thermostat = Langevin(jnp.asarray(temperatures), jnp.full(3, 1.0))
    _, together = simulation(system, thermostat, temperatures).run(state, 6)
    for replica in range(3):
        own = jax.tree.map(lambda leaf, i=replica: leaf[i : i + 1], (thermostat, state))
        _, alone = simulation(system, own[0], temperatures[replica : replica + 1]).run(own[1], 6)
        assert np.array_equal(together.potential[:, replica], alone.potential[:, 0])


def test_trajectories_do_not_depend_on_the_room_they_start_with():
    """A list that overflows is built again with more room, and the steps run again: bitwise."""
    system, state = started([1.0])
    thermostat = Langevin(jnp.ones(1), jnp.ones(1))
    wide, narrow = (simulation(system, thermostat, [1.0]) for _ in range(2))
    expected = wide.run(state, 5)[1]
    narrow._columns, narrow._capacity = wide._columns, 64
    found = narrow.run(state, 5)[1]
    assert narrow._capacity > 64
    assert np.array_equal(found.potential, expected.potential)


def test_a_buffer_that_is_too_thin_is_widened():
    """The displacement is verified: the energy is that of a list that misses no pair."""
    system, state = started([1.0])
    good, thin = (simulation(system, Free(), [1.0]) for _ in range(2))
    thin.buffer = np.full(1, 1e-3)
    expected, found = good.run(state, 5)[1], thin.run(state, 5)[1]
    assert thin.buffer[0] > 1e-2
    assert np.max(np.abs(found.potential - expected.potential)) < 1e-9 * PARTICLES


def test_an_explosion_is_an_outcome_of_its_replica():
    """Particles on top of one another; the replica beside it goes on."""
    system, state = started([1.0, 1.0])
    broken = state.positions.at[1, 1].set(state.positions[1, 0] + 1e-3)
    thermostat = Langevin(jnp.ones(2), jnp.ones(2))
    _, run = simulation(system, thermostat, [1.0, 1.0]).run(state._replace(positions=broken), 4)
    assert list(run.outcome) == [Outcome.ok, Outcome.non_finite]


@pytest.mark.parametrize("kind", [Langevin, Rescaling])
def test_thermostats_make_the_kinetic_energy_canonical(kind):
    """Of free particles: mean 3/2 (N − 1) kT or 3/2 N kT, variance kT times that; five standard
    errors of 4,000 nearly independent draws."""
    masses = jnp.asarray(np.random.default_rng(0).uniform(1, 3, 20))
    freedom = 60 if kind is Langevin else 57
    thermostat = kind(jnp.asarray(1.3), jnp.asarray(1.0))

    def step(velocities, key):
        velocities = thermostat.apply(key, velocities, masses, jnp.asarray(4.0))
        return velocities, kinetic_energy(velocities, masses)

    start = thermal_velocities(jax.random.key(1), masses, jnp.asarray(1.3))
    keys = jax.random.split(jax.random.key(2), 4000)
    energies = np.asarray(jax.jit(lambda s: jax.lax.scan(step, s, keys)[1])(start))
    expected = 0.5 * freedom * 1.3
    spread = np.sqrt(expected * 1.3)
    assert abs(energies.mean() - expected) < 5 * spread / np.sqrt(4000)
    assert abs(energies.var() / spread**2 - 1) < 5 * np.sqrt(2 / 4000) * 1.1


def test_a_gas_is_nearly_ideal():
    """At a hundredth of the critical density p = ρT (1 + B₂ρ) with B₂(2.0) = −1.4, to a percent."""
    found = lennard_jones_fluid(
        np.array([2.0]), np.array([0.005]), np.array([64]), np.array([40.0]), np.array([3])
    )
    assert found.outcome[0] == Outcome.ok
    assert abs(found.values["pressure"][0] - 0.01 * (1 - 1.4 * 0.005)) < 1e-4


def test_a_box_for_too_few_particles_is_refused():
    with pytest.raises(InvalidInputError, match="more particles"):
        lennard_jones_fluid(
            np.array([1.0]), np.array([0.9]), np.array([64]), np.array([40.0]), np.array([0])
        )
