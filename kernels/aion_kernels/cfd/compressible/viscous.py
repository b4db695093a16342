"""Friction and heat conduction at fourth order, as fluxes through the faces.

    τ = μ (∇u + ∇uᵀ − ⅔ (∇·u) 1),   q = −μ γ/((γ − 1) Pr) ∇(p/ρ)

with a constant viscosity μ and Prandtl number Pr. Derivatives across a face are staggered
differences of four points; derivatives along it are central differences in the cells, interpolated.
The flux at the face becomes the one whose difference is a derivative by −h²/24 ∂², as in
:mod:`.convection`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.compressible.boundaries import GHOSTS
from aion_kernels.cfd.compressible.gas import IdealGas, State, total

__all__ = ["viscous_flux"]

Field = Float[Array, "..."]


def viscous_flux(
    gas: IdealGas,
    viscosity: Float[Array, ""],
    prandtl: Float[Array, ""],
    extended: State,
    spacings: tuple[float, ...],
    axis: int,
) -> State:
    """Momentum and energy that friction and conduction carry through all faces along ``axis``.

    ``extended`` are primitive states with three ghost cells at the ends of every axis. The sign is
    that of a flux: what leaves the cell below the face.
    """
    axes = range(len(spacings))
    velocity = extended[1:-1]

    def across(field: Field) -> Field:
        a, b, c, d = _shifts(_trim(field, axis), axis, 4)
        return (27 * (c - b) - (d - a)) / (24 * spacings[axis])

    def onto(field: Field) -> Field:
        a, b, c, d = _shifts(field, axis, 4)
        return (9 * (b + c) - (a + d)) / 16

    def along(field: Field, direction: int) -> Field:
        a, b, _, d, e = _shifts(_trim(field, axis, direction), direction, 5, GHOSTS - 2)
        return onto((8 * (d - b) - (e - a)) / (12 * spacings[direction]))

    def derivative(field: Field, direction: int) -> Field:
        return across(field) if direction == axis else along(field, direction)

    dilatation = total([derivative(velocity[i], i) for i in axes])
    stress = [derivative(velocity[i], axis) + derivative(velocity[axis], i) for i in axes]
    stress[axis] = stress[axis] - 2 / 3 * dilatation
    work = total([onto(_trim(velocity[i], axis)) * stress[i] for i in axes])
    heat = gas.gamma / ((gas.gamma - 1) * prandtl) * across(extended[-1] / extended[0])
    return tuple(
        _as_flux(-viscosity * row, axis) for row in (jnp.zeros_like(work), *stress, work + heat)
    )


def _as_flux(values: Field, axis: int) -> Field:
    """From values at the faces, one more at each end, to those whose difference is a derivative."""
    a, b, c = _shifts(values, axis, 3)
    return b - (a - 2 * b + c) / 24


def _shifts(field: Field, axis: int, count: int, offset: int = 0) -> list[Field]:
    """``count`` copies of a field, each one cell further along ``axis``, of one common size."""
    size = field.shape[axis] - 2 * offset - count + 1
    return [
        jax.lax.slice_in_dim(field, offset + k, offset + k + size, axis=axis) for k in range(count)
    ]


def _trim(field: Field, *kept: int) -> Field:
    """The field without ghost cells, but for the axes that are ``kept``."""
    for axis in range(field.ndim):
        if axis not in kept:
            cells = field.shape[axis]
            field = jax.lax.slice_in_dim(field, GHOSTS, cells - GHOSTS, axis=axis)
    return field
