"""Pairs of atoms within reach, kept as tiles: four atoms against four.

Atoms are dealt to columns along z and sorted within each; every four in a row are a cluster. A
tile says that two clusters (the second perhaps in a periodic image) hold atoms within the list's
radius. Sixteen pairs a tile fill vector registers without gathering, and the list is an eighth as
long as one of pairs (the idea is that of Páll & Hess 2013, doi 10.1016/j.cpc.2013.06.003). Each
tile carries a mask of 16 bits in which excluded pairs, padding and the lower half of a cluster
against itself are zero: there is no N × N mask.

The list holds ``capacity`` tiles. How many there were to hold is ``needed``; where it is larger,
tiles are missing and the list must not be used: grow the capacity and build again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from aion_kernels.core.native import kernel
from aion_kernels.md.box import SHIFTS, images, shift_vectors, wrap

__all__ = ["CLUSTER", "UNSHIFTED", "ClusterList", "build_list", "cluster_places", "tile_mask_bits"]

CLUSTER = 4
"""Atoms in a cluster."""
UNSHIFTED = len(SHIFTS) // 2
"""The number of the image that is not shifted; ``44 - s`` is the mirror image of ``s``."""


class ClusterList(NamedTuple):
    """Tiles that hold every pair within a radius, and the atoms' order that they refer to."""

    order: Int[Array, "places 4"]
    """Atom at each place of each cluster; −1 where there is none."""
    tiles: Int[Array, "capacity 4"]
    """First cluster, second cluster, image of the second, mask: bit 4a+b is atom a against b. Only
    the first ``needed`` say anything."""
    needed: Int[Array, ""]
    """Tiles that the list should hold; more than its capacity where some are missing."""
    image: Int[Array, "atoms 3"]
    """Box vectors to take off each atom's position, so that the tiles' images are right."""


def cluster_places(atoms: int, columns: tuple[int, int]) -> int:
    """The most clusters that ``atoms`` can make: each column may leave three places empty."""
    return (atoms + (CLUSTER - 1) * columns[0] * columns[1]) // CLUSTER


def build_list(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    radius: Float[Array, ""],
    exclusions: Int[Array, "atoms most"],
    *,
    columns: tuple[int, int],
    capacity: int,
) -> ClusterList:
    """The list of all pairs of atoms, or of their images, within ``radius``.

    ``exclusions`` names for each atom those it does not act on, both ways round, filled up with
    −1. The result does not depend on ``columns`` but for the order of its tiles; about
    ``(atoms/4)^(1/3)`` a side makes compact clusters. Distances are compared in the type of
    ``radius``. Nothing here is differentiated.
    """
    positions, box, radius = lax.stop_gradient((positions, box, radius))
    image = images(positions, box)
    kind = radius.dtype
    order, tiles, count = _cluster_list(
        wrap(positions, box, image).astype(kind),
        box.astype(kind),
        shift_vectors(box).astype(kind),
        radius,
        exclusions,
        columns_x=columns[0],
        columns_y=columns[1],
        capacity=capacity,
    )
    return ClusterList(order, tiles, count, image)


def tile_mask_bits(mask: Int[Array, " tiles"]) -> Bool[Array, "tiles 4 4"]:
    """The pairs of each tile that count."""
    bits = jnp.arange(CLUSTER**2, dtype=jnp.int32).reshape(CLUSTER, CLUSTER)
    return (mask[:, None, None] >> jnp.broadcast_to(bits, (*mask.shape, CLUSTER, CLUSTER))) & 1 > 0


def _twin(
    positions: Float[Array, "atoms 3"],
    box: Float[Array, "3 3"],
    shifts: Float[Array, "45 3"],
    radius: Float[Array, ""],
    exclusions: Int[Array, "atoms most"],
    *,
    columns_x: int,
    columns_y: int,
    capacity: int,
) -> tuple[Int[Array, "places 4"], Int[Array, "capacity 4"], Int[Array, ""]]:
    """The same list, from every cluster against every other."""
    atoms = len(positions)
    order = _arranged(positions, box, columns_x, columns_y)
    places = len(order)
    filled = jnp.where(order < 0, order[:, :1], order)
    present = filled[:, 0] >= 0
    x = positions[jnp.maximum(filled, 0)]

    def row(carry: tuple[Array, Array], first: Int[Array, ""]) -> tuple[tuple, None]:
        tiles, count = carry
        separation = (x[first][None, :, None] - x[:, None, :])[None]
        distance2 = jnp.sum((separation - shifts[:, None, None, None]) ** 2, axis=-1)
        near = jnp.any(distance2 < radius**2, axis=(2, 3))
        second = jnp.arange(places, dtype=jnp.int32)
        image = jnp.arange(len(SHIFTS), dtype=jnp.int32)[:, None]
        own_mirror = (second == first)[None] & (image < UNSHIFTED)
        partner = present & present[first] & (second >= first)
        wanted = near & partner[None] & ~own_mirror
        place = jnp.cumsum(wanted.reshape(-1), dtype=jnp.int32) - 1 + count
        target = jnp.where(wanted.reshape(-1), place, capacity)
        entries = jnp.stack(
            jnp.broadcast_arrays(jnp.full_like(second, first)[None], second[None], image), -1
        )
        tiles = tiles.at[target].set(entries.reshape(-1, 3), mode="drop")
        return (tiles, count + jnp.sum(wanted, dtype=jnp.int32)), None

    blank = jnp.broadcast_to(jnp.array([0, 0, UNSHIFTED], jnp.int32), (capacity, 3))
    start = (blank, jnp.int32(0))
    (tiles, count), _ = lax.scan(row, start, jnp.arange(places, dtype=jnp.int32))

    a, b = order[tiles[:, 0]][:, :, None], order[tiles[:, 1]][:, None, :]
    same = (tiles[:, 0] == tiles[:, 1]) & (tiles[:, 2] == UNSHIFTED)
    upper = np.triu(np.ones((CLUSTER, CLUSTER), bool), 1)
    counts = (a >= 0) & (b >= 0) & (~same[:, None, None] | upper[None])
    if exclusions.shape[1]:
        barred = exclusions[jnp.clip(a[:, :, 0], 0, atoms - 1)]
        counts &= ~jnp.any(barred[:, :, None, :] == b[..., None], axis=-1)
    counts &= (jnp.arange(capacity, dtype=jnp.int32) < count)[:, None, None]
    weights = 2 ** np.arange(CLUSTER**2, dtype=np.int32).reshape(CLUSTER, CLUSTER)
    mask = jnp.sum(jnp.where(counts, weights[None], 0), axis=(1, 2), dtype=jnp.int32)
    return order, jnp.concatenate([tiles, mask[:, None]], axis=1), count


def _arranged(
    positions: Float[Array, "atoms 3"], box: Float[Array, "3 3"], columns_x: int, columns_y: int
) -> Int[Array, "places 4"]:
    """Atoms by column and height, each column filled up to whole clusters."""
    atoms = len(positions)
    cells = []
    for axis, number in ((0, columns_x), (1, columns_y)):
        cell = jnp.floor(positions[:, axis] / box[axis, axis] * number).astype(jnp.int32)
        cells.append(jnp.clip(cell, 0, number - 1))
    column = cells[0] * columns_y + cells[1]
    by_height = jnp.lexsort((positions[:, 2], column)).astype(jnp.int32)
    counts = jax.ops.segment_sum(jnp.ones_like(column), column, columns_x * columns_y)
    starts = jnp.cumsum(counts, dtype=jnp.int32) - counts
    rounded = (counts + CLUSTER - 1) // CLUSTER * CLUSTER
    padded = jnp.cumsum(rounded, dtype=jnp.int32) - rounded
    ordered = column[by_height]
    place = jnp.arange(atoms, dtype=jnp.int32) - starts[ordered] + padded[ordered]
    empty = jnp.full(cluster_places(atoms, (columns_x, columns_y)) * CLUSTER, -1, jnp.int32)
    return empty.at[place].set(by_height).reshape(-1, CLUSTER)


_cluster_list = kernel("cluster_list", source=Path(__file__).with_suffix(".cpp"), twin=_twin)
