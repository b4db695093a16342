"""Second-order operators on a staggered grid, in any dimension.

Everything is a difference of fluxes through the faces of a cell, so what leaves one cell enters
the next. Advection takes the plain mean of its two neighbours and the volume-weighted mean of the
advecting flux (Verstappen & Veldman 2003, doi 10.1016/S0021-9991(03)00126-8): the discrete
operator is then skew-symmetric on stretched grids too, so it neither makes nor destroys kinetic
energy, and no cell Reynolds number makes it blow up by itself.

``velocity`` is a tuple of components on interior faces; the walls bring the rest, or the period of
an axis that has no walls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from aion_kernels.cfd.boundaries import (
    ScalarWalls,
    VelocityWalls,
    extend_periodic,
    extend_scalar,
    extend_tangential,
    join,
)
from aion_kernels.cfd.grid import StaggeredGrid

__all__ = [
    "Velocity",
    "all_faces",
    "at_cells",
    "at_faces",
    "divergence",
    "gradient",
    "momentum_advection",
    "momentum_diffusion",
    "scalar_advection",
    "scalar_diffusion",
]

Velocity = tuple[Float[Array, "..."], ...]
Scalar = Float[Array, "..."]


def all_faces(
    grid: StaggeredGrid, velocity: Velocity, walls: VelocityWalls, component: int
) -> Float[Array, "..."]:
    """One component on every face across its own axis, both ends included."""
    field = velocity[component]
    if grid.axes[component].periodic:
        first = jax.lax.slice_in_dim(field, 0, 1, axis=component)
        return join([field, first], component)
    shape = list(field.shape)
    shape[component] = 1
    lower, upper = (jnp.broadcast_to(side[component], shape) for side in walls.values[component])
    return join([lower, field, upper], component)


def divergence(grid: StaggeredGrid, velocity: Velocity, walls: VelocityWalls) -> Scalar:
    """Net outflow of each cell over its volume, 1/s."""
    return _outflow(grid, partial(all_faces, grid, velocity, walls))


def gradient(grid: StaggeredGrid, scalar: Scalar) -> Velocity:
    """Gradient of a cell-centred scalar on interior faces."""
    return tuple(
        _difference(_beside_faces(grid, scalar, axis), axis)
        / _along(grid.axes[axis].spacings, axis, scalar)
        for axis in range(grid.dimension)
    )


def at_faces(grid: StaggeredGrid, scalar: Scalar, axis: int) -> Float[Array, "..."]:
    """A cell-centred scalar on the interior faces across ``axis``: the mean of two neighbours."""
    return _mean(_beside_faces(grid, scalar, axis), axis)


def at_cells(grid: StaggeredGrid, velocity: Velocity, walls: VelocityWalls) -> Velocity:
    """Velocity at cell centres: the mean of two faces."""
    return tuple(
        _mean(all_faces(grid, velocity, walls, axis), axis) for axis in range(len(velocity))
    )


def momentum_advection(grid: StaggeredGrid, velocity: Velocity, walls: VelocityWalls) -> Velocity:
    """∇·(u u) on interior faces, conservative and skew-symmetric."""

    def flux(component: int, axis: int) -> Float[Array, "..."]:
        if axis == component:
            return _mean(all_faces(grid, velocity, walls, axis), axis) ** 2
        carrier = _volume_mean(grid, all_faces(grid, velocity, walls, axis), component)
        carried = _beyond_walls(grid, velocity[component], component, axis, walls)
        return carrier * _mean(carried, axis)

    with jax.named_scope("advection"):
        return _flux_divergence(grid, flux)


def momentum_diffusion(grid: StaggeredGrid, velocity: Velocity, walls: VelocityWalls) -> Velocity:
    """∇²u on interior faces."""

    def flux(component: int, axis: int) -> Float[Array, "..."]:
        if axis == component:
            faces = all_faces(grid, velocity, walls, axis)
            return _difference(faces, axis) / _along(grid.axes[axis].widths, axis, faces)
        extended = _beyond_walls(grid, velocity[component], component, axis, walls)
        return _difference(extended, axis) / _along(grid.axes[axis].gaps, axis, extended)

    with jax.named_scope("diffusion"):
        return _flux_divergence(grid, flux)


def scalar_advection(
    grid: StaggeredGrid,
    velocity: Velocity,
    walls: VelocityWalls,
    scalar: Scalar,
    scalar_walls: ScalarWalls,
) -> Scalar:
    """∇·(u T) in each cell."""

    def flux(axis: int) -> Float[Array, "..."]:
        carried = _mean(_scalar_beyond_walls(grid, scalar, scalar_walls, axis), axis)
        return all_faces(grid, velocity, walls, axis) * carried

    with jax.named_scope("scalar_advection"):
        return _outflow(grid, flux)


def scalar_diffusion(grid: StaggeredGrid, scalar: Scalar, scalar_walls: ScalarWalls) -> Scalar:
    """∇²T in each cell."""

    def flux(axis: int) -> Float[Array, "..."]:
        extended = _scalar_beyond_walls(grid, scalar, scalar_walls, axis)
        return _difference(extended, axis) / _along(grid.axes[axis].gaps, axis, extended)

    with jax.named_scope("scalar_diffusion"):
        return _outflow(grid, flux)


def _flux_divergence(
    grid: StaggeredGrid, flux: Callable[[int, int], Float[Array, "..."]]
) -> Velocity:
    """Outflow of ``flux(component, axis)`` from the cells around each component's faces."""
    return tuple(
        _outflow(grid, partial(flux, component), component) for component in range(grid.dimension)
    )


def _outflow(
    grid: StaggeredGrid,
    flux: Callable[[int], Float[Array, "..."]],
    component: int | None = None,
) -> Float[Array, "..."]:
    """Σ_axis of the difference of ``flux(axis)`` over the width of a cell.

    The cells are those of the grid or, with ``component``, those around its interior faces.
    """
    terms = []
    for number, axis in enumerate(grid.axes):
        through, width = flux(number), axis.widths
        if number == component:
            through, width = _beside_faces(grid, through, number), axis.spacings
        terms.append(_difference(through, number) / _along(width, number, through))
    return reduce(jnp.add, terms)


def _beside_faces(
    grid: StaggeredGrid, cells: Float[Array, "..."], axis: int
) -> Float[Array, "..."]:
    """Values in cells such that the two sides of every unknown face follow each other."""
    if not grid.axes[axis].periodic:
        return cells
    return join([jax.lax.slice_in_dim(cells, -1, None, axis=axis), cells], axis)


def _beyond_walls(
    grid: StaggeredGrid,
    field: Float[Array, "..."],
    component: int,
    axis: int,
    walls: VelocityWalls,
) -> Float[Array, "..."]:
    if grid.axes[axis].periodic:
        return extend_periodic(field, axis)
    lower, upper = (side[component] for side in walls.values[axis])
    return extend_tangential(field, axis, lower, upper)


def _scalar_beyond_walls(
    grid: StaggeredGrid, scalar: Scalar, walls: ScalarWalls, axis: int
) -> Float[Array, "..."]:
    if grid.axes[axis].periodic:
        return extend_periodic(scalar, axis)
    widths = grid.axes[axis].widths
    return extend_scalar(scalar, axis, walls, (float(widths[0]), float(widths[-1])))


def _difference(field: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
    upper = jax.lax.slice_in_dim(field, 1, None, axis=axis)
    return upper - jax.lax.slice_in_dim(field, 0, -1, axis=axis)


def _mean(field: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
    upper = jax.lax.slice_in_dim(field, 1, None, axis=axis)
    return 0.5 * (upper + jax.lax.slice_in_dim(field, 0, -1, axis=axis))


def _volume_mean(grid: StaggeredGrid, field: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
    """Mean over the two cells beside each face, each weighted by its width."""
    if grid.axes[axis].periodic:
        return _mean(_beside_faces(grid, field, axis), axis)
    widths = grid.axes[axis].widths
    total = widths[1:] + widths[:-1]
    upper = jax.lax.slice_in_dim(field, 1, None, axis=axis)
    lower = jax.lax.slice_in_dim(field, 0, -1, axis=axis)
    return (
        _along(widths[1:] / total, axis, upper) * upper
        + _along(widths[:-1] / total, axis, lower) * lower
    )


def _along(values: NDArray[np.float64], axis: int, like: Float[Array, "..."]) -> Array:
    """A profile along one axis, shaped and typed to combine with ``like``."""
    shape = [1] * like.ndim
    shape[axis] = values.size
    return jnp.asarray(values.reshape(shape), like.dtype)
