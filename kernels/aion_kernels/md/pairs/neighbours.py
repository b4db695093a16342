"""How often a neighbour list is built, how far it reaches, and how much room it has.

A list serves for a fixed number of steps, so that no program branches on data. It reaches further
than the cutoff by a buffer, and is right as long as no two atoms have come closer together by more
than that: which holds while none has moved by half of it. The buffer is computed beforehand from
the free flight of the fastest atoms,

    buffer = 2 · s · √(kT/m) · interval · Δt,

with s thermal speeds that no atom exceeds between two builds, and verified at every step. A state
that fails, or a list that overflows, is not used: the host widens the buffer, or doubles the room,
and the same steps are run again from the state before them.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float, Int

from aion_kernels.md.pairs.cluster_list import CLUSTER, ClusterList, build_list, cluster_places

__all__ = [
    "columns_for",
    "exclusion_table",
    "expected_tiles",
    "find_neighbours",
    "free_flight_buffer",
    "no_exclusions",
    "room_for",
]

_ROUNDING = 1 + 1e-9
"""Widens a list that has no buffer, so that rounding loses no pair at the cutoff."""
_FASTEST = 4.0
"""Thermal speeds along a path between two builds; collisions turn atoms round before they go so
far in a dense fluid, and the displacement is verified."""


def no_exclusions(atoms: int) -> Int[np.ndarray, "atoms 0"]:
    """The table of exclusions of atoms without bonds."""
    return np.zeros((atoms, 0), np.int32)


def exclusion_table(pairs: ArrayLike, atoms: int) -> Int[np.ndarray, "atoms most"]:
    """For each atom those it does not act on, from pairs of shape (n, 2), filled up with −1."""
    both = np.asarray(pairs, np.int32).reshape(-1, 2)
    both = np.unique(np.concatenate([both, both[:, ::-1]]), axis=0)
    counts = np.bincount(both[:, 0], minlength=atoms) if len(both) else np.zeros(atoms, np.int64)
    table = np.full((atoms, int(counts.max(initial=0))), -1, np.int32)
    starts = np.cumsum(counts) - counts
    table[both[:, 0], np.arange(len(both)) - starts[both[:, 0]]] = both[:, 1]
    return table


def columns_for(atoms: int, box: ArrayLike) -> tuple[int, int]:
    """Columns along x and y that make clusters about as wide as high."""
    widths = np.diag(np.asarray(box, np.float64))
    side = (CLUSTER * np.prod(widths) / atoms) ** (1 / 3)
    return max(1, round(widths[0] / side)), max(1, round(widths[1] / side))


def room_for(tiles: int) -> int:
    """The next power of two: few capacities, so few programs are compiled."""
    return max(64, 1 << max(0, int(tiles) - 1).bit_length())


def expected_tiles(atoms: int, box: ArrayLike, radius: float) -> int:
    """A guess from a uniform density, to start with; a list that needs more says so."""
    widths = np.diag(np.asarray(box, np.float64))
    side = (CLUSTER * np.prod(widths) / atoms) ** (1 / 3)
    within = 4 / 3 * np.pi * (radius + 0.6 * side) ** 3 / side**3
    places = cluster_places(atoms, columns_for(atoms, box))
    return int(places * min(0.5 * within + 1, places))


def free_flight_buffer(
    speed: Float[np.ndarray, " replicas"], duration: float
) -> Float[np.ndarray, " replicas"]:
    """Room for two atoms to approach in ``duration``; ``speed`` is √(kT/m) of the lightest."""
    return 2 * _FASTEST * speed * duration


_build = jax.jit(build_list, static_argnames=("columns", "capacity"))


def find_neighbours(
    positions: ArrayLike,
    box: ArrayLike,
    radius: float,
    exclusions: Int[np.ndarray, "atoms most"] | None = None,
) -> ClusterList:
    """The list of one configuration, with as much room as it needs."""
    x, vectors = jnp.asarray(positions), jnp.asarray(box)
    atoms = len(x)
    table = jnp.asarray(no_exclusions(atoms) if exclusions is None else exclusions, jnp.int32)
    reach = jnp.asarray(radius * _ROUNDING, x.dtype)
    columns = columns_for(atoms, box)
    capacity = room_for(expected_tiles(atoms, box, radius))
    while True:
        found = _build(x, vectors, reach, table, columns=columns, capacity=capacity)
        needed = int(found.needed)
        if needed <= capacity:
            return found
        capacity = room_for(needed)
