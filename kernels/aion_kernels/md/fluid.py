"""Averages of a Lennard-Jones fluid at given temperatures and densities, each with its error.

Four histories of each state point start from different lattices with vacancies, melt, and are
followed in blocks. Energy and pressure are averages over all samples; their errors come from the
autocorrelation of each history. Diffusion is the slope of the mean-square displacement over the
later part of each block; blocks are independent, so their scatter is its error.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from aion_kernels.core.outcome import Outcome
from aion_kernels.core.statistics import mean_with_error
from aion_kernels.md.box import check_box
from aion_kernels.md.forcefield import LennardJonesFluid
from aion_kernels.md.integrators import Rescaling
from aion_kernels.md.simulation import Run, Simulation, State, initial_state

__all__ = ["CUTOFF", "FluidAverages", "lattice_with_vacancies", "lennard_jones_fluid"]

CUTOFF = 3.0
TIMESTEP = 0.002
STEPS_PER_LIST = 25
HISTORIES = 4
_BLOCKS = 10
"""At least; a diffusion constant is one number a block and history."""
_MELTING = 30.0
"""Reduced time before anything is measured, beside five collision times."""
_RELAXATION = 0.5
"""Of the kinetic energy; short against the duration, long against a collision in a liquid."""


class FluidAverages(NamedTuple):
    """Means and their standard errors by name, one entry a state point."""

    values: dict[str, Float[np.ndarray, " points"]]
    errors: dict[str, Float[np.ndarray, " points"]]
    """Of sampling."""
    step_errors: dict[str, Float[np.ndarray, " points"]]
    """What the length of the time step may add."""
    outcome: Int[np.ndarray, " points"]


def lattice_with_vacancies(
    particles: int, density: float, random: np.random.Generator
) -> Float[np.ndarray, "particles 3"]:
    """Particles on random sites of the smallest cubic lattice that holds them, slightly shaken."""
    side = int(np.ceil(particles ** (1 / 3) - 1e-9))
    spacing = (particles / density) ** (1 / 3) / side
    sites = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), -1).reshape(-1, 3)
    chosen = random.permutation(len(sites))[:particles]
    return (sites[np.sort(chosen)] + random.uniform(-0.03, 0.03, (particles, 3))) * spacing


def lennard_jones_fluid(
    temperature: Float[np.ndarray, " points"],
    density: Float[np.ndarray, " points"],
    particles: Int[np.ndarray, " points"],
    duration: Float[np.ndarray, " points"],
    seed: Int[np.ndarray, " points"],
) -> FluidAverages:
    """Energy, pressure and diffusion of each state point, in reduced units.

    Forces have the type of ``temperature``. Raises
    :class:`~aion_kernels.invalid.InvalidInputError` for a box narrower than 6σ.
    """
    edges = (particles / density) ** (1 / 3)
    for edge in edges:
        check_box(np.eye(3) * edge, CUTOFF)
    names = ("potential_energy", "pressure", "diffusion")
    values = {name: np.full(len(temperature), np.nan) for name in names}
    errors = {name: np.full(len(temperature), np.nan) for name in names}
    shadow = np.full(len(temperature), np.nan)
    outcome = np.zeros(len(temperature), np.int32)
    blocks = [_blocks(*point) for point in zip(temperature, density, duration, strict=True)]
    groups = sorted({(int(n), *block) for n, block in zip(particles, blocks, strict=True)})
    for count, samples, number in groups:
        chosen = [
            i
            for i, block in enumerate(blocks)
            if (int(particles[i]), *block) == (count, samples, number)
        ]
        means, bars, shadow[chosen], ended = _group(
            temperature[chosen], density[chosen], count, seed[chosen], samples, number
        )
        for name in names:
            values[name][chosen], errors[name][chosen] = means[name], bars[name]
        outcome[chosen] = ended
    # Temperature is defined no better than by the share in which velocities at the ends and in the
    # middle of a step differ. A liquid's pressure changes by about 6ρ a unit of temperature, its
    # energy by about 3/2.
    step = shadow * temperature
    step_errors = {
        "potential_energy": 1.5 * step,
        "pressure": 6 * density * step,
        "diffusion": values["diffusion"] * shadow,
    }
    return FluidAverages(values, errors, step_errors, outcome)


def _blocks(temperature: float, density: float, duration: float) -> tuple[int, int]:
    """Samples in a block, a power of two, and blocks: for a gas a block is many collisions long."""
    collision = 1 / (np.sqrt(2) * np.pi * density * np.sqrt(8 * temperature / np.pi))
    wanted = min(max(12.0, 12.0 * collision), duration / _BLOCKS)
    samples = max(16, 1 << int(np.round(np.log2(wanted / (TIMESTEP * STEPS_PER_LIST)))))
    return samples, max(_BLOCKS, round(duration / (samples * TIMESTEP * STEPS_PER_LIST)))


def _group(
    temperature: Float[np.ndarray, " points"],
    density: Float[np.ndarray, " points"],
    particles: int,
    seed: Int[np.ndarray, " points"],
    samples: int,
    blocks: int,
) -> tuple[dict, dict, Float[np.ndarray, " points"], Int[np.ndarray, " points"]]:
    """State points of one shape, all histories of all of them side by side."""
    points = len(temperature)
    thermal = np.repeat(temperature.astype(np.float64), HISTORIES)
    system = LennardJonesFluid.of(particles, CUTOFF, str(temperature.dtype))
    simulation = Simulation(
        system,
        Rescaling(jnp.asarray(thermal), jnp.full(len(thermal), _RELAXATION)),
        TIMESTEP,
        steps_per_list=STEPS_PER_LIST,
        speed=np.sqrt(thermal),
    )
    state = _start(system, density, seed, thermal)
    melting = -(-int(_MELTING / (TIMESTEP * STEPS_PER_LIST)) // samples)
    for _ in range(melting):
        state, _ = simulation.run(state, samples)
    runs = []
    for _ in range(blocks):
        state, run = simulation.run(state, samples)
        runs.append(run)

    outcome = np.max([run.outcome for run in runs], axis=0).reshape(points, HISTORIES).max(axis=1)
    # The whole is at rest, which takes one particle's share of motion out of the pressure.
    at_rest = np.repeat(density / particles * temperature, HISTORIES)
    pressure = [np.trace(run.pressure, axis1=2, axis2=3) / 3 + at_rest for run in runs]
    columns = {
        "potential_energy": np.concatenate([run.potential for run in runs]) / particles,
        "pressure": np.concatenate(pressure),
        "diffusion": np.array([_slopes(run, particles) for run in runs]),
    }
    means = {name: np.full(points, np.nan) for name in columns}
    bars = {name: np.full(points, np.nan) for name in columns}
    for name, column in columns.items():
        histories = column.reshape(-1, points, HISTORIES)
        for point in np.flatnonzero(outcome == Outcome.ok):
            means[name][point], bars[name][point] = _average(histories[:, point])
    freedom = 1.5 * (particles - 1) * thermal
    shadow = np.abs(1 - np.mean([run.kinetic.mean(axis=0) for run in runs], axis=0) / freedom)
    return means, bars, shadow.reshape(points, HISTORIES).mean(axis=1), outcome


def _start(
    system: LennardJonesFluid,
    density: Float[np.ndarray, " points"],
    seed: Int[np.ndarray, " points"],
    thermal: Float[np.ndarray, " replicas"],
) -> State:
    """Histories of a point depend on its seed alone, not on what else is in the batch."""
    particles = len(system.masses)
    positions, boxes, keys = [], [], []
    for point_density, point_seed in zip(density, seed, strict=True):
        own = jax.random.split(jax.random.key(int(point_seed)), HISTORIES)
        keys.append(own)
        for history in range(HISTORIES):
            random = np.random.default_rng([int(point_seed), history])
            positions.append(lattice_with_vacancies(particles, float(point_density), random))
            boxes.append(np.eye(3) * (particles / float(point_density)) ** (1 / 3))
    return initial_state(
        system,
        jnp.asarray(np.array(positions)),
        jnp.asarray(np.array(boxes)),
        jnp.asarray(thermal),
        jnp.concatenate(keys),
    )


def _slopes(run: Run, particles: int) -> Float[np.ndarray, " replicas"]:
    """Diffusion of each replica: the slope from a third of the block on."""
    time = (1 + np.arange(len(run.squared_displacement))) * TIMESTEP * STEPS_PER_LIST
    late = time > time[-1] / 3
    centred = time[late] - time[late].mean()
    slope = centred @ run.squared_displacement[late] / (centred @ centred)
    # The whole is at rest, so each particle moves against the others by 1 − 1/N of its own way.
    return slope / 6 * particles / (particles - 1)


def _average(histories: Float[np.ndarray, "samples histories"]) -> tuple[float, float]:
    """Mean and standard error over independent histories, each correlated in itself."""
    found = [mean_with_error(column) for column in histories.T]
    within = np.sqrt(np.mean([one.sampling**2 for one in found]))
    between = np.std([one.value for one in found], ddof=1)
    mean = float(np.mean([one.value for one in found]))
    # Histories that differ by more than their own errors know of something slower than they saw.
    return mean, float(max(within, between) / np.sqrt(len(found)))
