"""Replicas of a system carried through time as one compiled program.

The program of a chunk runs over neighbour lists: build one for each replica, take a fixed number of
steps with it, measure. Nothing in it branches on data, so replicas never wait for one another. Each
replica carries flags: how many tiles its list needed, and how far an atom went compared with what
the list allows. After a chunk the host reads them. Where a list was too short, or an atom went too
far, the chunk is dropped, the room is doubled or that replica's buffer widened, and the same steps
are run again from the state before, with the same random numbers. A trajectory therefore does not
depend on the capacities it started with, and a replica not on the others in its batch.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from aion_kernels.core.outcome import Outcome
from aion_kernels.md.forcefield import Evaluation, ForceField
from aion_kernels.md.integrators import Thermostat, kinetic_energy, thermal_velocities
from aion_kernels.md.pairs.cluster_list import build_list
from aion_kernels.md.pairs.neighbours import (
    columns_for,
    expected_tiles,
    free_flight_buffer,
    room_for,
)

__all__ = ["Run", "Simulation", "State", "initial_state"]

_AIM = 0.8
"""Of the way that a list allows, what the furthest atom of a chunk should go."""
_OUTWARDS = 1 + 1e-5
"""Lists are built in single precision; this is more than it rounds off."""
_LOST = np.inf
"""The strain of a list whose atoms are nowhere."""


class State(NamedTuple):
    """Where the replicas are; positions are never wrapped, so displacements are what they seem."""

    positions: Float[Array, "replicas atoms 3"]
    velocities: Float[Array, "replicas atoms 3"]
    """Half a step before the positions."""
    box: Float[Array, "replicas 3 3"]
    key: Key[Array, " replicas"]
    """One a replica."""


class Run(NamedTuple):
    """What a stretch of time gave: samples along axis 0, replicas along axis 1."""

    potential: Float[np.ndarray, "samples replicas"]
    kinetic: Float[np.ndarray, "samples replicas"]
    """At the time of the positions."""
    pressure: Float[np.ndarray, "samples replicas 3 3"]
    """(Σ m v⊗v + virial) / V, in energy per volume."""
    squared_displacement: Float[np.ndarray, "samples replicas"]
    """Mean over atoms, since the start of the run."""
    outcome: Int[np.ndarray, " replicas"]


def initial_state(
    system: ForceField,
    positions: Float[Array, "replicas atoms 3"],
    box: Float[Array, "replicas 3 3"],
    thermal_energy: Float[Array, " replicas"],
    keys: Key[Array, " replicas"],
) -> State:
    """Replicas at the given places with velocities of their temperatures; a key for each."""
    pairs = jax.vmap(jax.random.split)(keys)
    draw = jax.vmap(thermal_velocities, in_axes=(0, None, 0))
    return State(positions, draw(pairs[:, 0], system.masses, thermal_energy), box, pairs[:, 1])


class Simulation:
    """A system, a thermostat and a time step; it remembers how much room and buffer they need.

    Parameters
    ----------
    system
        The physics of one replica.
    thermostat
        Its arrays have a leading axis over replicas.
    timestep
        In the unit of time.
    steps_per_list
        Steps between two neighbour lists, which is also the distance of samples.
    speed
        Thermal speed √(kT/m) of the fastest atoms, of each replica: the first buffer follows
        from it.
    """

    def __init__(
        self,
        system: ForceField,
        thermostat: Thermostat,
        timestep: float,
        *,
        steps_per_list: int = 10,
        speed: Float[np.ndarray, " replicas"],
    ) -> None:
        self.system = system
        self.thermostat = thermostat
        self.timestep = timestep
        self.steps_per_list = steps_per_list
        self.buffer = free_flight_buffer(np.asarray(speed, np.float64), timestep * steps_per_list)
        self._columns: tuple[int, int] | None = None
        self._capacity = 0

    def run(self, state: State, samples: int) -> tuple[State, Run]:
        """Advance by ``samples × steps_per_list`` steps; ``state`` stays valid.

        A replica whose numbers stop being finite ends as ``non_finite``; the others go on.
        """
        boxes = np.asarray(state.box)
        narrowest = np.min(np.diagonal(boxes, axis1=1, axis2=2), axis=1)
        # Beyond this a list would need images further away; no atom goes so far between two lists.
        widest = 0.8 * narrowest - float(self.system.cutoff)
        self.buffer = np.minimum(self.buffer, widest)
        if self._columns is None:
            atoms = state.positions.shape[1]
            self._columns = columns_for(atoms, boxes[0])
            reach = float(self.system.cutoff) + float(np.max(self.buffer))
            self._capacity = max(room_for(expected_tiles(atoms, box, reach)) for box in boxes)
        while True:
            following, samples_taken, needed, strain = _chunk(
                self.system,
                self.thermostat,
                jnp.asarray(self.timestep),
                state,
                jnp.asarray(self.buffer),
                samples=samples,
                steps=self.steps_per_list,
                columns=self._columns,
                capacity=self._capacity,
            )
            most, strain = int(np.max(needed)), np.nan_to_num(np.asarray(strain), nan=_LOST)
            if most > self._capacity:
                self._capacity = room_for(most)
                continue
            again = (strain > 1) & (self.buffer < widest)
            if not np.any(again):
                break
            widened = np.minimum(self.buffer * np.clip(1.2 * strain, 1.2, 2), widest)
            self.buffer = np.where(again, widened, self.buffer)
        run = jax.tree.map(np.asarray, samples_taken)
        finite = np.isfinite(run[0]).all(axis=0) & (strain <= 1)
        # The next chunk is much like this one, so its lists need reach no further.
        kept = self.buffer * np.clip(strain / _AIM, 0.85, 1.1)
        self.buffer = np.where(finite, np.minimum(kept, widest), self.buffer)
        outcome = np.where(finite, Outcome.ok, Outcome.non_finite).astype(np.int32)
        return following, Run(run[0], run[1], run[2], run[3], outcome)


@functools.partial(
    jax.jit, static_argnames=("samples", "steps", "columns", "capacity"), donate_argnums=()
)
def _chunk(
    system: ForceField,
    thermostat: Thermostat,
    timestep: Float[Array, ""],
    state: State,
    buffer: Float[Array, " replicas"],
    *,
    samples: int,
    steps: int,
    columns: tuple[int, int],
    capacity: int,
) -> tuple[State, tuple, Int[Array, " replicas"], Float[Array, " replicas"]]:
    """The whole chunk for all replicas; samples, tiles needed and strain of the lists."""

    def one(thermostat: Thermostat, state: State, buffer: Float[Array, ""]):
        origin = state.positions
        volume = state.box[0, 0] * state.box[1, 1] * state.box[2, 2]

        def one_list(carry: tuple, key: PRNGKeyArray) -> tuple[tuple, tuple]:
            positions, velocities, needed, strain = carry
            neighbours = build_list(
                positions,
                state.box,
                (_OUTWARDS * (system.cutoff + buffer)).astype(jnp.float32),
                system.exclusions,
                columns=columns,
                capacity=capacity,
            )
            start = positions

            def evaluate(positions: Array, with_energy: bool) -> Evaluation:
                return system.evaluate(positions, state.box, neighbours, with_energy=with_energy)

            def step(carry: tuple, number: Int[Array, ""]) -> tuple[tuple, None]:
                positions, velocities, furthest = carry
                force = evaluate(positions, False).force
                positions, velocities = _advance(
                    thermostat, timestep, steps, system.masses, key, number,
                    positions, velocities, force,
                )  # fmt: skip
                moved = jnp.max(jnp.sum((positions - start) ** 2, axis=1))
                return (positions, velocities, jnp.maximum(furthest, moved)), None

            began = (positions, velocities, jnp.zeros((), positions.dtype))
            (positions, velocities, furthest), _ = lax.scan(
                step, began, jnp.arange(steps, dtype=jnp.int32)
            )
            found = evaluate(positions, True)
            sample = _measure(system, timestep, positions, velocities, found, volume, origin)
            strain = jnp.maximum(strain, 2 * jnp.sqrt(furthest) / buffer)
            return (positions, velocities, jnp.maximum(needed, neighbours.needed), strain), sample

        following, own = jax.random.split(state.key)
        keys = jax.random.split(own, samples)
        start = (state.positions, state.velocities, jnp.int32(0), jnp.zeros((), buffer.dtype))
        (positions, velocities, needed, strain), table = lax.scan(one_list, start, keys)
        return State(positions, velocities, state.box, following), table, needed, strain

    axes = (eqx.if_array(0), 0, 0)
    state, table, needed, strain = eqx.filter_vmap(one, in_axes=axes)(thermostat, state, buffer)
    return state, jax.tree.map(lambda column: jnp.moveaxis(column, 0, 1), table), needed, strain


def _advance(
    thermostat: Thermostat,
    timestep: Array,
    steps: int,
    masses: Array,
    key: PRNGKeyArray,
    number: Array,
    positions: Array,
    velocities: Array,
    force: Array,
) -> tuple[Array, Array]:
    """Kick, half a drift, the thermostat, half a drift."""
    velocities = velocities + timestep * force / masses[:, None]
    positions = positions + 0.5 * timestep * velocities
    if thermostat.each_step:
        own = jax.random.fold_in(key, number)
        velocities = thermostat.apply(own, velocities, masses, timestep)
    else:
        rescaled = thermostat.apply(key, velocities, masses, steps * timestep)
        velocities = jnp.where(number == 0, rescaled, velocities)
    return positions + 0.5 * timestep * velocities, velocities


def _measure(
    system: ForceField,
    timestep: Array,
    positions: Array,
    velocities: Array,
    found: Evaluation,
    volume: Array,
    origin: Array,
) -> tuple[Array, Array, Array, Array]:
    masses = system.masses
    middle = kinetic_energy(velocities + 0.5 * timestep * found.force / masses[:, None], masses)
    # Velocities in the middle of a step are canonical, which those at its ends are not.
    flow = jnp.einsum("a,ak,al->kl", masses, velocities, velocities)
    pressure = (flow + found.virial.astype(flow.dtype)) / volume
    displacement = jnp.mean(jnp.sum((positions - origin) ** 2, axis=1))
    return found.energy.astype(flow.dtype), middle, pressure, displacement
