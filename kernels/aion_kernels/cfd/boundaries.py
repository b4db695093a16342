"""What holds on the walls of a box: the kinds are static, the values are traced.

A kind decides which operators exist, so it fixes the program. A value (the speed of a lid, the
temperature of a wall, the heat that enters) is a leaf: it can be batched over and differentiated.
A value is a scalar, or an array of the wall's shape for a profile along it. Where the grid is
periodic along an axis there is no wall, and what is given for one is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = [
    "ScalarKind",
    "ScalarWalls",
    "VelocityWalls",
    "extend_periodic",
    "extend_scalar",
    "extend_tangential",
    "join",
]

ScalarKind = Literal["value", "flux"]


class VelocityWalls(eqx.Module):
    """The velocity of every wall: ``values[axis][side][component]``, side 0 the lower one.

    Normal components must let no net mass through the box.
    """

    values: tuple[tuple[tuple[Float[Array, "..."], ...], ...], ...]

    @classmethod
    def no_slip(cls, dimension: int, dtype: jax.typing.DTypeLike = float) -> VelocityWalls:
        """Walls at rest."""
        zero = jnp.zeros((), dtype)
        return cls((((zero,) * dimension,) * 2,) * dimension)

    def moving(
        self, axis: int, side: int, component: int, speed: Float[Array, "..."]
    ) -> VelocityWalls:
        """The same walls, one of them moving along ``component``."""
        return eqx.tree_at(lambda walls: walls.values[axis][side][component], self, speed)


class ScalarWalls(eqx.Module):
    """What holds for a scalar on every wall: ``values[axis][side]`` of kind ``kinds[axis][side]``.

    Kind ``value`` gives the scalar itself, ``flux`` its derivative along the outward normal.
    """

    kinds: tuple[tuple[ScalarKind, ScalarKind], ...] = eqx.field(static=True)
    values: tuple[tuple[Float[Array, "..."], Float[Array, "..."]], ...]

    def __check_init__(self) -> None:
        for lower, upper in self.kinds:
            if not {lower, upper} <= set(get_args(ScalarKind)):
                raise ValueError(f"walls of kinds {lower!r} and {upper!r}; value or flux is needed")


def extend_tangential(
    field: Float[Array, "*cells"],
    axis: int,
    lower: Float[Array, "..."],
    upper: Float[Array, "..."],
) -> Float[Array, "*extended"]:
    """A cell-centred field with one mirror image beyond each wall, whose mean is the wall value."""
    first = jax.lax.slice_in_dim(field, 0, 1, axis=axis)
    last = jax.lax.slice_in_dim(field, -1, None, axis=axis)
    return join([2 * lower - first, field, 2 * upper - last], axis)


def extend_periodic(field: Float[Array, "*cells"], axis: int) -> Float[Array, "*extended"]:
    """A field over a period with the last cell before the first one and the first one after it."""
    first = jax.lax.slice_in_dim(field, 0, 1, axis=axis)
    last = jax.lax.slice_in_dim(field, -1, None, axis=axis)
    return join([last, field, first], axis)


def extend_scalar(
    field: Float[Array, "*cells"],
    axis: int,
    walls: ScalarWalls,
    widths: tuple[float, float],
) -> Float[Array, "*extended"]:
    """A scalar with one ghost cell beyond each wall that makes the wall's condition hold."""
    first = jax.lax.slice_in_dim(field, 0, 1, axis=axis)
    last = jax.lax.slice_in_dim(field, -1, None, axis=axis)
    ghosts = [
        2 * value - inner if kind == "value" else inner + value * width
        for kind, value, inner, width in zip(
            walls.kinds[axis], walls.values[axis], (first, last), widths, strict=True
        )
    ]
    return join([ghosts[0], field, ghosts[1]], axis)


def join(parts: Sequence[Float[Array, "..."]], axis: int) -> Float[Array, "..."]:
    """The parts one after the other, as an array of its own.

    Fused into the arithmetic that reads it, a concatenation asks of every element which part it
    comes from, and XLA's loops on a CPU stop being vectorised.
    """
    return jax.lax.optimization_barrier(jnp.concatenate(parts, axis=axis))
