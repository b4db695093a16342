"""The extremum of a sampled smooth function, between the samples.

The largest sample of a profile misses the maximum by O(h²), with a constant that jumps whenever the
maximum moves past a sample; that noise would drown the discretisation error. Five samples an axis
around the extreme one define a quartic; its stationary point is found by Newton's method, and the
value there misses by O(h⁵). The samples are taken as equidistant: on a grid mapped smoothly from a
uniform one this is exact calculus in the mapped coordinate.

At the extremum the value does not depend, to first order, on where it is taken, so its derivative
is that of the interpolation at a fixed place.
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["extremum"]

_NEWTON_STEPS = 6  # from the nearest sample: quadratic convergence to round-off


def extremum(field: Float[Array, "*samples"], kind: Literal["maximum", "minimum"]) -> Array:
    """The maximum or minimum of a field of one, two or three axes of five samples or more."""
    if min(field.shape) < 5:
        raise ValueError(f"the field has shape {field.shape}; five samples an axis are needed")
    flat = jnp.argmax(field) if kind == "maximum" else jnp.argmin(field)
    centre = jnp.stack(jnp.unravel_index(flat, field.shape))
    corner = jnp.clip(centre - 2, 0, jnp.array([n - 5 for n in field.shape], centre.dtype))
    patch = jax.lax.dynamic_slice(field, tuple(corner), (5,) * field.ndim)

    def value(place: Float[Array, " axes"], patch: Float[Array, "..."]) -> Float[Array, ""]:
        for coordinate in place:
            patch = jnp.tensordot(_lagrange(coordinate), patch, axes=(0, 0))
        return patch

    fixed = jax.lax.stop_gradient(patch)
    sample = (centre - corner - 2).astype(field.dtype)
    low, high = jnp.maximum(sample - 1, -2), jnp.minimum(sample + 1, 2)

    def improve(_: Array, place: Float[Array, " axes"]) -> Float[Array, " axes"]:
        slope = jax.grad(value)(place, fixed)
        curvature = jax.hessian(value)(place, fixed)
        return jnp.clip(place - _solve(curvature, slope), low, high)

    refined = value(jax.lax.fori_loop(0, _NEWTON_STEPS, improve, sample), patch)
    sampled = value(sample, patch)  # the better one where the extremum is at the very end
    return jnp.maximum(refined, sampled) if kind == "maximum" else jnp.minimum(refined, sampled)


def _solve(matrix: Float[Array, "n n"], rhs: Float[Array, " n"]) -> Float[Array, " n"]:
    """A tiny linear solve; a flat patch, whose matrix is singular, asks for no step."""
    scale = jnp.max(jnp.abs(matrix))
    flat = scale == 0
    identity = jnp.eye(rhs.size, dtype=rhs.dtype)
    return jnp.where(flat, 0.0, jnp.linalg.solve(jnp.where(flat, identity, matrix), rhs))


def _lagrange(place: Float[Array, ""]) -> Float[Array, "5"]:
    """Weights of the samples at −2, −1, 0, 1, 2 in the quartic through them, at ``place``."""
    a, b, c, d, e = (place + 2, place + 1, place, place - 1, place - 2)
    weights = [b * c * d * e / 24, -a * c * d * e / 6, a * b * d * e / 4]
    return jnp.stack([*weights, -a * b * c * e / 6, a * b * c * d / 24])
