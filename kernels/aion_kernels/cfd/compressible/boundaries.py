"""What lies beyond the ends of each axis: three ghost cells that make the condition hold.

Kinds (static): ``periodic``; ``outflow``, the last cell repeated; ``reflecting``, a mirror, which
is a wall without friction or a plane of symmetry; ``wall``, a mirror that also turns the tangential
velocity round, which is a wall with friction that passes no heat; ``inflow``, a given state
(traced, so that it can be batched and differentiated).
"""

from __future__ import annotations

from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from aion_kernels.cfd.compressible.gas import State

__all__ = ["GHOSTS", "Boundaries", "EndKind"]

EndKind = Literal["periodic", "outflow", "reflecting", "wall", "inflow"]

GHOSTS = 3
"""Cells beyond each end: what a stencil of six points around a face reaches."""


class Boundaries(eqx.Module):
    """Both ends of every axis: ``kinds[axis][side]``, side 0 the lower one."""

    kinds: tuple[tuple[EndKind, EndKind], ...] = eqx.field(static=True)
    inflow: tuple[tuple[tuple[Float[Array, ""], ...] | None, ...], ...] | None = None
    """Primitive state entering at each end of kind ``inflow``, None at the others."""

    def __check_init__(self) -> None:
        for axis, ends in enumerate(self.kinds):
            unknown = set(ends) - set(get_args(EndKind))
            if unknown:
                raise ValueError(f"axis {axis} has ends of kind {sorted(unknown)}; {EndKind}")
            if ends.count("periodic") == 1:
                raise ValueError(f"axis {axis} is periodic at one end only")
            for side, kind in enumerate(ends):
                if kind == "inflow" and self._entering(axis, side) is None:
                    raise ValueError(f"axis {axis}, side {side} is an inflow without a state")

    @classmethod
    def everywhere(cls, kind: EndKind, dimension: int) -> Boundaries:
        """The same kind at every end."""
        ends: tuple[EndKind, EndKind] = (kind, kind)
        return cls((ends,) * dimension)

    def extend(self, primitive: State, axis: int) -> State:
        """Primitive states with :data:`GHOSTS` more cells at both ends of ``axis``."""
        return tuple(
            jnp.concatenate(
                [self._ghosts(row, f, axis, 0), f, self._ghosts(row, f, axis, 1)], axis=axis
            )
            for row, f in enumerate(primitive)
        )

    def extend_all(self, primitive: State) -> State:
        """The same at the ends of every axis, edges and corners included."""
        for axis in range(len(self.kinds)):
            primitive = self.extend(primitive, axis)
        return primitive

    def _entering(self, axis: int, side: int) -> tuple[Float[Array, ""], ...] | None:
        return None if self.inflow is None else self.inflow[axis][side]

    def _ghosts(
        self, row: int, field: Float[Array, "..."], axis: int, side: int
    ) -> Float[Array, "..."]:
        """The cells beyond one end of the field that is number ``row`` of its state."""
        kind, cells = self.kinds[axis][side], field.shape[axis]
        lower, upper = (
            jax.lax.slice_in_dim(field, 0, GHOSTS, axis=axis),
            jax.lax.slice_in_dim(field, cells - GHOSTS, cells, axis=axis),
        )
        inside, opposite = (lower, upper) if side == 0 else (upper, lower)
        if kind == "periodic":
            return opposite
        if kind == "outflow":
            edge = 0 if side == 0 else cells - 1
            last = jax.lax.slice_in_dim(field, edge, edge + 1, axis=axis)
            return jnp.broadcast_to(last, inside.shape)
        entering = self._entering(axis, side)
        if kind == "inflow" and entering is not None:
            return jnp.full_like(inside, entering[row])
        mirrored = jnp.flip(inside, axis=axis)
        velocity = 1 <= row <= field.ndim
        turned = velocity if kind == "wall" else row == 1 + axis
        return -mirrored if turned else mirrored
